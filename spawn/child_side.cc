#include "spawn/child_side.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>

#include "spawn/raw_call.h"

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
constexpr void* no_pointer = nullptr;

[[noreturn]] MCPCTL_CHILD_SIDE void fail(ChildPlan& plan, Stage stage, long result,
                                         std::size_t index = 0) {
  plan.report.stage = stage;
  plan.report.error = static_cast<int>(-result);
  plan.report.index = static_cast<std::uint32_t>(index);
  if (plan.report_pipe >= 0) {
    raw_call(SYS_write, plan.report_pipe, &plan.report, sizeof plan.report);
  }
  for (;;) raw_call(SYS_exit_group, 127);
}

/// `result` of a raw call is an error when negative.
MCPCTL_CHILD_SIDE void must_succeed(ChildPlan& plan, Stage stage, long result,
                                    std::size_t index = 0) {
  if (result < 0) fail(plan, stage, result, index);
}

/// Neither CLONE_CLEAR_SIGHAND nor exec undoes SIG_IGN, so without this our
/// ignored SIGPIPE would leak into every server.
MCPCTL_CHILD_SIDE void reset_signals(const ChildPlan& plan) {
  const unsigned long default_action[8] = {};  // struct kernel_sigaction, all zero: SIG_DFL
  for (int signal = 1; signal <= signal_last; ++signal) {
    if ((plan.signals_to_reset >> (signal - 1) & 1) == 0) continue;
    raw_call(SYS_rt_sigaction, signal, default_action, no_pointer, kernel_sigset_bytes);
  }
}

MCPCTL_CHILD_SIDE void unblock_signals() {
  const std::uint64_t none = 0;
  raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, no_pointer, kernel_sigset_bytes);
}

/// The parent may have died before prctl took effect; then nobody would ever
/// send the signal.
MCPCTL_CHILD_SIDE void follow_parent_into_death(ChildPlan& plan) {
  if (plan.death_signal == 0) return;
  must_succeed(plan, Stage::parent_death, raw_call(SYS_prctl, PR_SET_PDEATHSIG, plan.death_signal));
  if (raw_call(SYS_getppid) != plan.parent) fail(plan, Stage::parent_death, -ESRCH);
}

MCPCTL_CHILD_SIDE void set_limits(ChildPlan& plan, bool descriptor_limit) {
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    const LimitChange& change = plan.limits[i];
    if ((change.resource == RLIMIT_NOFILE) != descriptor_limit) continue;
    must_succeed(plan, Stage::limits,
                 raw_call(SYS_prlimit64, 0, change.resource, &change.value, no_pointer), i);
  }
}

/// Writes a short text into a file of procfs or cgroupfs; 0, or -errno.
MCPCTL_CHILD_SIDE long write_file(int directory, const char* path, const char* text) {
  const long fd = raw_call(SYS_openat, directory, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  const long written = raw_call(SYS_write, fd, text, length);
  raw_call(SYS_close, fd);
  return written < 0 ? written : 0;
}

/// From here on the table is our own, and short: the kernel copies what lies below
/// `needed_below` and leaves out all the pipes of the other servers (close_range(2),
/// CLOSE_RANGE_UNSHARE).
MCPCTL_CHILD_SIDE void leave_parents_descriptors(ChildPlan& plan) {
  if (!plan.shares_descriptors) return;
  must_succeed(plan, Stage::create,
               raw_call(SYS_close_range, plan.needed_below, ~0u, CLOSE_RANGE_UNSHARE));
}

/// Puts every source on its target.  Sources are first lifted above all targets,
/// so that no dup2 overwrites a source that is still needed (0→1, 1→0).
MCPCTL_CHILD_SIDE void place_descriptors(ChildPlan& plan) {
  if (plan.move_count == 0) return;
  const int target_max = plan.moves[plan.move_count - 1].target;
  for (std::size_t i = 0; i < plan.move_count; ++i) {
    if (plan.moves[i].source > target_max) continue;
    const long lifted = raw_call(SYS_fcntl, plan.moves[i].source, F_DUPFD_CLOEXEC, target_max + 1);
    must_succeed(plan, Stage::descriptors, lifted, i);
    plan.moves[i].source = static_cast<int>(lifted);
  }
  if (plan.report_pipe >= 0 && plan.report_pipe <= target_max) {
    const long lifted = raw_call(SYS_fcntl, plan.report_pipe, F_DUPFD_CLOEXEC, target_max + 1);
    must_succeed(plan, Stage::descriptors, lifted);
    plan.report_pipe = static_cast<int>(lifted);
  }
  for (std::size_t i = 0; i < plan.move_count; ++i) {
    // dup3 without O_CLOEXEC leaves the target open across exec.
    must_succeed(plan, Stage::descriptors,
                 raw_call(SYS_dup3, plan.moves[i].source, plan.moves[i].target, 0), i);
  }
}

MCPCTL_CHILD_SIDE void close_range_on_exec(const ChildPlan& plan, unsigned first, unsigned last) {
  if (raw_call(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Before Linux 5.11 one by one.
  const auto bound = static_cast<unsigned>(plan.descriptor_bound);
  for (unsigned fd = first; fd <= last && fd < bound; ++fd) {
    raw_call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
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

/// Not through glibc, whose wrappers broadcast the change to all threads of the
/// process, which the child is not.
MCPCTL_CHILD_SIDE void change_identity(ChildPlan& plan) {
  must_succeed(plan, Stage::groups, raw_call(set_groups_call, plan.group_count, plan.groups));
  must_succeed(plan, Stage::group, raw_call(set_group_call, plan.gid, plan.gid, plan.gid));
  must_succeed(plan, Stage::user, raw_call(set_user_call, plan.uid, plan.uid, plan.uid));
  follow_parent_into_death(plan);  // the kernel forgets PDEATHSIG when the uid changes
}

}  // namespace

MCPCTL_CHILD_SIDE void run_child(ChildPlan& plan) noexcept {
  leave_parents_descriptors(plan);
  reset_signals(plan);
  if (plan.new_session) must_succeed(plan, Stage::session, raw_call(SYS_setsid));
  follow_parent_into_death(plan);
  set_limits(plan, false);
  if (plan.change_umask) raw_call(SYS_umask, plan.umask);
  if (plan.oom_score_adj != nullptr) {
    must_succeed(plan, Stage::oom_score,
                 write_file(AT_FDCWD, "/proc/self/oom_score_adj", plan.oom_score_adj));
  }
  if (plan.cgroup >= 0) {
    must_succeed(plan, Stage::cgroup, write_file(plan.cgroup, "cgroup.procs", "0"));
  }
  if (plan.cwd != nullptr) {
    must_succeed(plan, Stage::directory, raw_call(SYS_chdir, plan.cwd));
  }
  place_descriptors(plan);
  set_limits(plan, true);  // a low limit on descriptors would have hindered the moves
  if (plan.change_identity) change_identity(plan);
  close_the_rest_on_exec(plan);
  unblock_signals();
  fail(plan, Stage::exec, raw_call(SYS_execve, plan.file, plan.argv, plan.envp));
}

}  // namespace mcpctl::spawn
