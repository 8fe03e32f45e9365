// Starts one program with everything a server needs set up: session, descriptors,
// limits, identity, control group.  Never copies the supervisor's memory, never
// runs a shell, never waits for anything but the exec, and for that only when it is
// asked how the start went.  Main thread only: the parent-death signal is tied to the
// thread that spawns (prctl(2)).
#pragma once
#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "loop/fd.h"
#include "spawn/child_side.h"
#include "spawn/clone.h"

namespace mcpctl::spawn {

struct ChildSpec {
  std::string name;               ///< of the server, for messages
  std::string file;               ///< resolved path, see resolve_command()
  std::vector<std::string> argv;  ///< argv[0] first
  std::vector<std::string> env;   ///< "NAME=value", complete
  std::string cwd;                ///< empty: ours
  /// Borrowed descriptors of ours and the numbers they get in the child; overlaps
  /// are fine.  All others are closed, but 0, 1 and 2, which become /dev/null.
  std::vector<DescriptorMove> descriptors;
  std::optional<config::Identity> identity;
  std::optional<std::uint32_t> umask;
  std::vector<config::ResourceLimit> rlimits;
  std::optional<int> oom_score_adj;
  int cgroup{-1};                    ///< borrowed directory of cgroup v2 to be born in; -1: ours
  bool new_session{true};            ///< its own session and group, no controlling terminal
  int parent_death_signal{SIGKILL};  ///< 0: none
  CloneMethod method{CloneMethod::clone3};  ///< where to begin; see clone.h
};

/// A running child of ours.  Dropping it neither ends nor reaps the process.
struct Child {
  pid_t pid{-1};
  loop::Fd pidfd;  ///< readable when it has exited; close-on-exec
};

struct SpawnFailure {
  Stage stage{Stage::prepare};
  int error{0};        ///< errno
  std::string server;  ///< ChildSpec::name
  std::string what;    ///< the step in words: "exec /usr/bin/npx"
  std::string hint;    ///< more about the cause; may be empty

  /// "cannot start github: exec /usr/bin/npx: No such file or directory"
  std::string message() const;
  /// Whether the same call may succeed later with nothing repaired (no memory, no
  /// descriptors, a binary being written): worth a quick retry, and no fault of
  /// the server's.
  bool mends_itself() const;
  /// What a shell would exit with: 127 when the program, or its interpreter, is not
  /// there, 126 when it cannot be executed; 0 when it did not come to that.
  int shell_code() const;
};

/// A child on its way to its exec.  Several are on their way at once, a handful: the
/// next one after that waits until the first has left.
class Launch {
 public:
  /// Makes the child and returns.  `theirs` are descriptors that only the child is to
  /// have: closed as soon as it has them.
  static std::expected<Launch, SpawnFailure> begin(ChildSpec spec, std::vector<loop::Fd> theirs);
  /// One that was not completed ends the child.
  ~Launch();
  Launch(Launch&&) noexcept;
  Launch& operator=(Launch&&) = delete;

  pid_t pid() const;
  /// Returns after the exec succeeded, or says which step failed; then no process is
  /// left.  Some 100 µs after begin(); once.
  std::expected<Child, SpawnFailure> complete();

 private:
  struct Passage;
  explicit Launch(std::unique_ptr<Passage> passage);

  std::unique_ptr<Passage> passage_;  ///< empty once completed
};

/// Both in one: starts the program and returns after its exec.  A file without #! is
/// not given to a shell (ENOEXEC).
std::expected<Child, SpawnFailure> spawn(ChildSpec spec);

}  // namespace mcpctl::spawn
