// What runs in the child between clone and exec, while we run on.  It shares our
// memory and our thread's TLS, so it allocates nothing, calls no library function that
// keeps state, takes no lock and touches only the plan; every system call is raw and
// leaves errno alone (spawn/raw_call.h).
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

// Instrumented code would keep the sanitizers' shadow state, which parent and
// child share, in the child's disorder: its frames never return.
#define MCPCTL_CHILD_SIDE __attribute__((no_sanitize("address", "thread", "undefined")))

namespace mcpctl::spawn {

/// The steps of a spawn, in the order in which they happen.
enum class Stage : std::uint32_t {
  prepare,       ///< in the parent, before there is a child
  create,        ///< clone
  session,       ///< setsid
  parent_death,  ///< PR_SET_PDEATHSIG, or the parent is already gone
  limits,        ///< setrlimit
  oom_score,     ///< /proc/self/oom_score_adj
  cgroup,        ///< entering the control group
  directory,     ///< chdir
  descriptors,   ///< dup2
  groups,        ///< setgroups
  group,         ///< setresgid
  user,          ///< setresuid
  exec,          ///< execve
};

/// Where the child failed; error 0 means that it did not.
struct ChildReport {
  Stage stage{};
  int error{0};            ///< errno
  std::uint32_t index{0};  ///< which limit or which descriptor
};

struct DescriptorMove {
  int source;
  int target;
};

struct LimitChange {
  int resource;
  rlimit value;
};

/// Everything the child needs, laid out beforehand.  Pointers are borrowed from
/// the parent, which keeps all of it until the child has left for exec or death.
struct ChildPlan {
  const char* file{nullptr};
  char* const* argv{nullptr};
  char* const* envp{nullptr};
  const char* cwd{nullptr};
  DescriptorMove* moves{nullptr};  ///< sorted by target; sources are overwritten
  std::size_t move_count{0};
  const LimitChange* limits{nullptr};
  std::size_t limit_count{0};
  const gid_t* groups{nullptr};
  std::size_t group_count{0};
  uid_t uid{0};
  gid_t gid{0};
  bool change_identity{false};
  bool change_umask{false};
  bool new_session{true};
  mode_t umask{0};
  const char* oom_score_adj{nullptr};  ///< as text
  int cgroup{-1};                      ///< directory to enter; -1: none, or born in it
  bool shares_descriptors{false};      ///< our table; the child goes on with its own
  int needed_below{0};                 ///< descriptors from here on are not copied into it
  int death_signal{0};
  pid_t parent{0};
  int descriptor_bound{0};  ///< no descriptor of ours is this or higher
  int report_pipe{-1};      ///< where the memory is not shared: the report goes here
  std::uint64_t signals_to_reset{~std::uint64_t{0}};  ///< bit n - 1 is signal n
  ChildReport report;
  int in_our_memory{0};  ///< the kernel clears it when the child has left, and wakes us
};

/// Carries out the plan and becomes the program, or writes plan.report and exits
/// 127.  Enter with every signal blocked.
[[noreturn]] void run_child(ChildPlan& plan) noexcept;

}  // namespace mcpctl::spawn
