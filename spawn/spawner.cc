#include "spawn/spawner.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "loop/null_device.h"
#include "spawn/interpreter.h"
#include "spawn/staging.h"

namespace mcpctl::spawn {
namespace {

using loop::Fd;

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const auto& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Owns what a ChildPlan points to.
struct Arrangement {
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<DescriptorMove> moves;
  std::vector<LimitChange> limits;
  std::vector<gid_t> groups;
  std::string oom_score_adj;
  Fd null;
  std::optional<Staged> staged;
  ChildPlan plan;
};

/// Targets in ascending order, the standard three complete.
bool arrange_descriptors(const ChildSpec& spec, Arrangement& arranged) {
  arranged.moves = spec.descriptors;
  for (int standard = 0; standard <= 2; ++standard) {
    const auto is_it = [standard](const DescriptorMove& move) { return move.target == standard; };
    if (std::ranges::any_of(arranged.moves, is_it)) continue;
    if (!arranged.null) arranged.null = loop::open_null_device();
    if (!arranged.null) return false;
    arranged.moves.push_back({arranged.null.get(), standard});
  }
  std::ranges::sort(arranged.moves, {}, &DescriptorMove::target);
  arranged.staged.emplace(arranged.moves);
  return true;
}

bool arrange(const ChildSpec& spec, Arrangement& arranged) {
  arranged.argv = pointers_to(spec.argv);
  arranged.envp = pointers_to(spec.env);
  if (!arrange_descriptors(spec, arranged)) return false;
  for (const auto& limit : spec.rlimits) {
    arranged.limits.push_back({limit.resource, {limit.soft, limit.hard}});
  }
  rlimit open_files{};
  ::getrlimit(RLIMIT_NOFILE, &open_files);

  ChildPlan& plan = arranged.plan;
  plan.file = spec.file.c_str();
  plan.argv = arranged.argv.data();
  plan.envp = arranged.envp.data();
  plan.cwd = spec.cwd.empty() ? nullptr : spec.cwd.c_str();
  plan.moves = arranged.moves.data();
  plan.move_count = arranged.moves.size();
  plan.limits = arranged.limits.data();
  plan.limit_count = arranged.limits.size();
  if (spec.identity) {
    arranged.groups.assign(spec.identity->groups.begin(), spec.identity->groups.end());
    plan.groups = arranged.groups.data();
    plan.group_count = arranged.groups.size();
    plan.uid = spec.identity->uid;
    plan.gid = spec.identity->gid;
    plan.change_identity = true;
  }
  plan.change_umask = spec.umask.has_value();
  plan.umask = static_cast<mode_t>(spec.umask.value_or(0));
  plan.new_session = spec.new_session;
  if (spec.oom_score_adj) {
    arranged.oom_score_adj = std::to_string(*spec.oom_score_adj);
    plan.oom_score_adj = arranged.oom_score_adj.c_str();
  }
  plan.death_signal = spec.parent_death_signal;
  plan.parent = ::getpid();
  plan.descriptor_bound = static_cast<int>(std::min<rlim_t>(open_files.rlim_cur, 1u << 20));
  return true;
}

std::string words_for(const ChildSpec& spec, const Arrangement& arranged, const ChildReport& at) {
  switch (at.stage) {
    case Stage::prepare: return "open /dev/null";
    case Stage::create: return "create a process";
    case Stage::session: return "begin a session";
    case Stage::parent_death: return "tie its life to the supervisor's";
    case Stage::limits: return "set limit " + spec.rlimits[at.index].name;
    case Stage::oom_score: return "set oom_score_adj to " + arranged.oom_score_adj;
    case Stage::cgroup: return "enter its control group";
    case Stage::directory: return "change to directory " + spec.cwd;
    case Stage::descriptors:
      return "set up descriptor " + std::to_string(arranged.moves[at.index].target);
    case Stage::groups: return "set the supplementary groups of user " + spec.identity->name;
    case Stage::group: return "become group " + std::to_string(spec.identity->gid);
    case Stage::user: return "become user " + spec.identity->name;
    case Stage::exec: return "exec " + spec.file;
  }
  return {};
}

std::string hint_for(const ChildSpec& spec, const ChildReport& at) {
  if (at.stage != Stage::exec) return {};
  if (at.error == ENOEXEC) return "neither a program nor a script with a #! line";
  if (at.error != ENOENT && at.error != EACCES && at.error != ENOTDIR) return {};
  if (std::string needed = interpreter_of(spec.file); !needed.empty()) {
    if (::access(needed.c_str(), X_OK) != 0) return "its interpreter is " + needed;
  }
  return {};
}

SpawnFailure failure_of(const ChildSpec& spec, const Arrangement& arranged,
                        const ChildReport& report) {
  return {.stage = report.stage,
          .error = report.error,
          .server = spec.name,
          .what = words_for(spec, arranged, report),
          .hint = hint_for(spec, report)};
}

/// Ends a child that never became the program, and takes its exit status.
void discard(pid_t pid) {
  ::kill(pid, SIGKILL);  // ours and not yet reaped, so the number is still its own
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::string SpawnFailure::message() const {
  std::string text = "cannot start " + server + ": " + what + ": " + std::strerror(error);
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

bool SpawnFailure::mends_itself() const {
  switch (error) {
    case EAGAIN:  // RLIMIT_NPROC, pids.max
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETXTBSY:  // the binary is being written
    case EINTR:
    case EBUSY:   // the control group
    case ESTALE:  // a network file system
      return true;
    default: return false;
  }
}

int SpawnFailure::shell_code() const {
  if (stage != Stage::exec || mends_itself()) return 0;
  return error == ENOENT || error == ENOTDIR ? 127 : 126;
}

std::expected<Child, SpawnFailure> spawn(const ChildSpec& spec) {
  const int errno_before = errno;  // the child shares ours
  Arrangement arranged;
  if (!arrange(spec, arranged)) {
    return std::unexpected(failure_of(spec, arranged, {Stage::prepare, errno, 0}));
  }

  constexpr std::uint32_t leave_unchanged = ~0u;  // to setresuid(2): we would stay root
  if (spec.identity &&
      (spec.identity->uid == leave_unchanged || spec.identity->gid == leave_unchanged)) {
    return std::unexpected(failure_of(spec, arranged, {Stage::user, EINVAL, 0}));
  }

  CloneResult made = clone_child(arranged.plan, spec.cgroup, spec.method);
  if (made.pid < 0) {
    // clone3 with CLONE_INTO_CGROUP has these to say about the control group.
    const bool by_cgroup = spec.cgroup >= 0 && (made.error == EBUSY || made.error == EACCES ||
                                                made.error == ENODEV || made.error == EOPNOTSUPP);
    const Stage stage = by_cgroup ? Stage::cgroup : Stage::create;
    return std::unexpected(failure_of(spec, arranged, {stage, made.error, 0}));
  }
  if (arranged.plan.report.error != 0) {
    discard(made.pid);
    return std::unexpected(failure_of(spec, arranged, arranged.plan.report));
  }
  if (!made.pidfd) {
    const ChildReport report{Stage::create, errno, 0};
    discard(made.pid);
    return std::unexpected(failure_of(spec, arranged, report));
  }
  errno = errno_before;
  return Child{made.pid, std::move(made.pidfd)};
}

}  // namespace mcpctl::spawn
