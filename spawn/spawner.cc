#include "spawn/spawner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>

#include "spawn/berth.h"
#include "spawn/command.h"
#include "spawn/interpreter.h"

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
  ChildPlan plan;
};

/// Targets in ascending order, the standard three complete.
bool arrange_descriptors(const ChildSpec& spec, Arrangement& arranged) {
  arranged.moves = spec.descriptors;
  for (int standard = 0; standard <= 2; ++standard) {
    const auto is_it = [standard](const DescriptorMove& move) { return move.target == standard; };
    if (std::ranges::any_of(arranged.moves, is_it)) continue;
    if (Berth::null_device() < 0) return false;
    arranged.moves.push_back({Berth::null_device(), standard});
  }
  std::ranges::sort(arranged.moves, {}, &DescriptorMove::target);
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

bool SpawnFailure::mends_itself() const { return spawn::mends_itself(error); }

int SpawnFailure::shell_code() const {
  if (stage != Stage::exec || mends_itself()) return 0;
  return error == ENOENT || error == ENOTDIR ? 127 : 126;
}

/// All that a child uses until it has departed, and what became of it.
struct Launch::Passage {
  ChildSpec spec;
  std::vector<Fd> theirs;
  Arrangement arranged;
  Child child;
  Berth* berth{nullptr};

  /// In the order of their departure, as far as we know.
  static std::deque<Passage*>& under_way() {
    static std::deque<Passage*> passages;
    return passages;
  }

  void embark() {
    while ((berth = Berth::take()) == nullptr) under_way().front()->see_off();
    under_way().push_back(this);
    berth->stage(arranged.moves);
  }

  /// Waits until the child has left our memory; what it used is free again.
  void see_off() {
    if (berth == nullptr) return;
    await_departure(arranged.plan);
    std::erase(under_way(), this);
    std::exchange(berth, nullptr)->release();
    theirs.clear();
  }
};

Launch::Launch(std::unique_ptr<Passage> passage) : passage_(std::move(passage)) {}
Launch::Launch(Launch&&) noexcept = default;

Launch::~Launch() {
  if (!passage_) return;
  passage_->see_off();
  discard(passage_->child.pid);
}

pid_t Launch::pid() const { return passage_->child.pid; }

std::expected<Launch, SpawnFailure> Launch::begin(ChildSpec spec, std::vector<Fd> theirs) {
  auto passage = std::make_unique<Passage>();
  passage->spec = std::move(spec);
  passage->theirs = std::move(theirs);
  const ChildSpec& what = passage->spec;
  Arrangement& arranged = passage->arranged;
  const auto fails = [&](Stage stage, int error) {
    return std::unexpected(failure_of(what, arranged, {stage, error, 0}));
  };
  if (!arrange(what, arranged)) return fails(Stage::prepare, errno);

  constexpr std::uint32_t leave_unchanged = ~0u;  // to setresuid(2): we would stay root
  if (what.identity &&
      (what.identity->uid == leave_unchanged || what.identity->gid == leave_unchanged)) {
    return fails(Stage::user, EINVAL);
  }

  passage->embark();
  CloneResult made = clone_child(arranged.plan, passage->berth->stack(), what.cgroup, what.method);
  if (made.pid < 0) {
    passage->see_off();
    // clone3 with CLONE_INTO_CGROUP has these to say about the control group.
    const bool by_cgroup = what.cgroup >= 0 && (made.error == EBUSY || made.error == EACCES ||
                                                made.error == ENODEV || made.error == EOPNOTSUPP);
    return fails(by_cgroup ? Stage::cgroup : Stage::create, made.error);
  }
  const int error = errno;  // why there is no pidfd
  passage->child = {made.pid, std::move(made.pidfd)};
  Launch launch{std::move(passage)};
  if (!launch.passage_->child.pidfd) return fails(Stage::create, error);
  return launch;
}

std::expected<Child, SpawnFailure> Launch::complete() {
  passage_->see_off();
  const std::unique_ptr<Passage> passage = std::move(passage_);
  const ChildReport& report = passage->arranged.plan.report;
  if (report.error == 0) return std::move(passage->child);
  discard(passage->child.pid);
  return std::unexpected(failure_of(passage->spec, passage->arranged, report));
}

std::expected<Child, SpawnFailure> spawn(ChildSpec spec) {
  auto launch = Launch::begin(std::move(spec), {});
  if (!launch) return std::unexpected(std::move(launch.error()));
  return launch->complete();
}

}  // namespace mcpctl::spawn
