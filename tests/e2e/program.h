// One program that a test runs: its streams in files or on a terminal of its own,
// its end waited for with a deadline.  Never outlives the test: it is killed with
// its owner, and by the kernel if the test program itself dies.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "waiting.h"

namespace mcpctl::e2e {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct Launch {
  std::vector<std::string> argv;
  std::string cwd;
  Variables env;            ///< complete
  std::string stdout_file;  ///< created; stdin is /dev/null
  std::string stderr_file;  ///< the same as stdout_file: both in one
  bool on_terminal{false};  ///< instead: its own session on a new terminal
  bool as_init{false};      ///< PID 1 of a pid namespace of its own, as in a container
};

class Program {
 public:
  /// Its own process group.  Fails the test if it cannot be started.
  explicit Program(const Launch& launch);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  bool is_running();
  void signal(int number);
  /// The exit code, 128+N when signal N ended it; nothing if `limit` passed first.
  std::optional<int> wait(Milliseconds limit = patience);

  /// As if typed at the terminal; needs on_terminal.
  void type(const std::string& keys);
  /// All that appeared on the terminal so far.
  const std::string& terminal_text();
  /// The terminal goes away, as when its window is closed.
  void hang_up();

 private:
  pid_t pid_{-1};
  int terminal_{-1};
  std::string terminal_text_;
  std::optional<int> exit_code_;
};

struct Outcome {
  int exit_code{-1};
  std::string out;
  std::string err;
};

/// Runs `launch` to its end; its streams need no files.  Fails the test when it
/// takes longer than `limit`.
Outcome run_to_end(Launch launch, Milliseconds limit = patience);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

/// A folder of its own below /tmp, removed with everything in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Whether every user may run `program`: no folder above it is private.
bool others_may_run(const std::string& program);

/// Whether this user may make pid and mount namespaces.
bool may_make_namespaces();

/// What a program of the test needs to run at all: PATH and the sanitizers' options.
Variables plain_environment(const std::string& home);

}  // namespace mcpctl::e2e
