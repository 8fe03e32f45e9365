#include "spawn/child_side.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace mcpctl::spawn {
namespace {

// The 16-bit calls of old 32-bit ABIs would truncate the ids.
#ifdef SYS_setresuid32
constexpr long set_user_call = SYS_setresuid32;
constexpr long set_group_call = SYS_setresgid32;
constexpr long set_groups_call = SYS_setgroups32;
#else
constexpr long set_user_call = SYS_setresuid;
constexpr long set_group_call = SYS_setresgid;
constexpr long set_groups_call = SYS_setgroups;
#endif

constexpr std::size_t kernel_sigset_bytes = 8;  // _NSIG / 8, everywhere but on MIPS
constexpr int signal_last = 64;

[[noreturn]] MCPCTL_CHILD_SIDE void fail(ChildPlan& plan, Stage stage, std::size_t index = 0) {
  plan.report.stage = stage;
  plan.report.error = errno;
  plan.report.index = static_cast<std::uint32_t>(index);
  if (plan.report_pipe >= 0) {
    syscall(SYS_write, plan.report_pipe, &plan.report, sizeof plan.report);
  }
  for (;;) syscall(SYS_exit_group, 127);
}

/// Neither CLONE_CLEAR_SIGHAND nor exec undoes SIG_IGN, so without this our
/// ignored SIGPIPE would leak into every server.  Raw, because a sanitizer's
/// sigaction() would write the parent's table.
MCPCTL_CHILD_SIDE void reset_signals() {
  const unsigned long default_action[8] = {};  // struct kernel_sigaction, all zero: SIG_DFL
  for (int signal = 1; signal <= signal_last; ++signal) {
    syscall(SYS_rt_sigaction, signal, default_action, nullptr, kernel_sigset_bytes);
  }
}

MCPCTL_CHILD_SIDE void unblock_signals() {
  const std::uint64_t none = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kernel_sigset_bytes);
}

/// The parent may have died before prctl took effect; then nobody would ever
/// send the signal.
MCPCTL_CHILD_SIDE void follow_parent_into_death(ChildPlan& plan) {
  if (plan.death_signal == 0) return;
  if (syscall(SYS_prctl, PR_SET_PDEATHSIG, plan.death_signal, 0, 0, 0) != 0) {
    fail(plan, Stage::parent_death);
  }
  if (syscall(SYS_getppid) != plan.parent) {
    errno = ESRCH;
    fail(plan, Stage::parent_death);
  }
}

MCPCTL_CHILD_SIDE void set_limits(ChildPlan& plan, bool descriptor_limit) {
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    const LimitChange& change = plan.limits[i];
    if ((change.resource == RLIMIT_NOFILE) != descriptor_limit) continue;
    if (syscall(SYS_prlimit64, 0, change.resource, &change.value, nullptr) != 0) {
      fail(plan, Stage::limits, i);
    }
  }
}

/// Writes a short text into a file of procfs or cgroupfs.
MCPCTL_CHILD_SIDE bool write_file(int directory, const char* path, const char* text) {
  const long fd = syscall(SYS_openat, directory, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return false;
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  const long written = syscall(SYS_write, fd, text, length);
  const int error = errno;
  syscall(SYS_close, fd);
  errno = error;
  return written >= 0;
}

/// From here on the table is our own, and short: the kernel copies what lies below
/// `needed_below` and leaves out all the pipes of the other servers (close_range(2),
/// CLOSE_RANGE_UNSHARE).
MCPCTL_CHILD_SIDE void leave_parents_descriptors(ChildPlan& plan) {
  if (!plan.shares_descriptors) return;
  if (syscall(SYS_close_range, plan.needed_below, ~0u, CLOSE_RANGE_UNSHARE) != 0) {
    fail(plan, Stage::create);
  }
}

/// Puts every source on its target.  Sources are first lifted above all targets,
/// so that no dup2 overwrites a source that is still needed (0→1, 1→0).
MCPCTL_CHILD_SIDE void place_descriptors(ChildPlan& plan) {
  if (plan.move_count == 0) return;
  const int target_max = plan.moves[plan.move_count - 1].target;
  for (std::size_t i = 0; i < plan.move_count; ++i) {
    if (plan.moves[i].source > target_max) continue;
    const long lifted = syscall(SYS_fcntl, plan.moves[i].source, F_DUPFD_CLOEXEC, target_max + 1);
    if (lifted < 0) fail(plan, Stage::descriptors, i);
    plan.moves[i].source = static_cast<int>(lifted);
  }
  if (plan.report_pipe >= 0 && plan.report_pipe <= target_max) {
    const long lifted = syscall(SYS_fcntl, plan.report_pipe, F_DUPFD_CLOEXEC, target_max + 1);
    if (lifted < 0) fail(plan, Stage::descriptors);
    plan.report_pipe = static_cast<int>(lifted);
  }
  for (std::size_t i = 0; i < plan.move_count; ++i) {
    // dup3 without O_CLOEXEC leaves the target open across exec.
    if (syscall(SYS_dup3, plan.moves[i].source, plan.moves[i].target, 0) < 0) {
      fail(plan, Stage::descriptors, i);
    }
  }
}

MCPCTL_CHILD_SIDE void close_range_on_exec(const ChildPlan& plan, unsigned first, unsigned last) {
  if (syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Before Linux 5.11 one by one.
  const auto bound = static_cast<unsigned>(plan.descriptor_bound);
  for (unsigned fd = first; fd <= last && fd < bound; ++fd) {
    syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  }
}

/// Whatever is not a target closes at exec, even what a library opened without
/// O_CLOEXEC.
MCPCTL_CHILD_SIDE void close_the_rest_on_exec(const ChildPlan& plan) {
  unsigned first = 0;
  for (std::size_t i = 0; i < plan.move_count; ++i) {
    const auto target = static_cast<unsigned>(plan.moves[i].target);
    if (target > first) close_range_on_exec(plan, first, target - 1);
    first = target + 1;
  }
  close_range_on_exec(plan, first, ~0u);
}

/// Raw, because glibc's wrappers broadcast the change to all threads of the
/// process, which the child is not.
MCPCTL_CHILD_SIDE void change_identity(ChildPlan& plan) {
  if (syscall(set_groups_call, plan.group_count, plan.groups) != 0) fail(plan, Stage::groups);
  if (syscall(set_group_call, plan.gid, plan.gid, plan.gid) != 0) fail(plan, Stage::group);
  if (syscall(set_user_call, plan.uid, plan.uid, plan.uid) != 0) fail(plan, Stage::user);
  follow_parent_into_death(plan);  // the kernel forgets PDEATHSIG when the uid changes
}

}  // namespace

MCPCTL_CHILD_SIDE void run_child(ChildPlan& plan) noexcept {
  leave_parents_descriptors(plan);
  reset_signals();
  if (plan.new_session && syscall(SYS_setsid) < 0) fail(plan, Stage::session);
  follow_parent_into_death(plan);
  set_limits(plan, false);
  if (plan.change_umask) syscall(SYS_umask, plan.umask);
  if (plan.oom_score_adj != nullptr &&
      !write_file(AT_FDCWD, "/proc/self/oom_score_adj", plan.oom_score_adj)) {
    fail(plan, Stage::oom_score);
  }
  if (plan.cgroup >= 0 && !write_file(plan.cgroup, "cgroup.procs", "0")) {
    fail(plan, Stage::cgroup);
  }
  if (plan.cwd != nullptr && syscall(SYS_chdir, plan.cwd) != 0) fail(plan, Stage::directory);
  place_descriptors(plan);
  set_limits(plan, true);  // a low limit on descriptors would have hindered the moves
  if (plan.change_identity) change_identity(plan);
  close_the_rest_on_exec(plan);
  unblock_signals();
  syscall(SYS_execve, plan.file, plan.argv, plan.envp);
  fail(plan, Stage::exec);
}

}  // namespace mcpctl::spawn
