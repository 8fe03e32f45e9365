// One process of one server, from its spawn to its exit: its tree, the descriptors
// that lead to it, and the news that come from it.  Knows nothing of protocols;
// what becomes of the tree is runtime/tree_watch.h's to see.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "loop/loop.h"
#include "loop/pipe_reader.h"
#include "loop/pipe_writer.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "spawn/cgroup.h"
#include "spawn/spawner.h"
#include "spawn/tree.h"
#include "supervisor/exit_status.h"

namespace mcpctl::runtime {

class Process {
 public:
  /// What the process has besides its program.
  struct Wiring {
    bool stdin_pipe{false};  ///< else /dev/null
    int notify_fd{0};        ///< a pipe on this descriptor for its readiness newline; 0: none
    /// Of the pipe from its stdout, in bytes; 0: the kernel's 64 KiB.
    std::size_t stdout_capacity{0};
  };
  struct Callbacks {
    std::function<void(std::string_view)> on_stdout;
    std::function<void()> on_stdout_end;
    std::function<void(std::string_view)> on_stderr;
    std::function<void()> on_stderr_end;
    std::function<void(std::string_view)> on_notify;
    /// Its stdin can take more.
    std::function<void()> on_stdin_drained;
    /// Once, after everything it had written by then was handed out.
    std::function<void(const supervisor::ExitStatus&)> on_exit;
  };

  using Started = std::expected<std::unique_ptr<Process>, spawn::SpawnFailure>;

  /// One on its way to its exec.  Dropping it ends it.
  class Pending;
  /// Spawns `spec` with pipes added, and does not wait for the exec.  Callbacks come from
  /// the loop, never from here.  `cookie` is what its environment carries; `cgroup` may
  /// be null and outlives it.
  static std::expected<Pending, spawn::SpawnFailure> begin(loop::Loop& loop, spawn::ChildSpec spec,
                                                           const Wiring& wiring, std::string cookie,
                                                           spawn::Cgroup* cgroup,
                                                           Callbacks callbacks);
  /// The same, and waits.
  static Started start(loop::Loop& loop, spawn::ChildSpec spec, const Wiring& wiring,
                       std::string cookie, spawn::Cgroup* cgroup, Callbacks callbacks);

  /// Neither ends nor reaps a living process.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  spawn::Tree& tree() { return tree_; }
  pid_t pid() const { return tree_.leader().pid; }
  bool has_exited() const { return exited_; }

  /// For its stdin; `closed` when there is none.
  loop::Written write(std::string_view bytes);
  /// Bytes that its stdin has not taken yet.
  std::size_t stdin_queued() const { return stdin_ ? stdin_->queued() : 0; }
  /// Bytes that the server has not read.
  std::size_t stdin_unread() const { return stdin_ ? stdin_->unread() : 0; }
  void close_stdin();

  /// Stops and continues reading: back-pressure.
  void pause_stdout(bool paused);
  void pause_stderr(bool paused);

  /// The exit was noticed elsewhere (SIGCHLD): look now.
  void check_exit();

 private:
  void ended();
  Process(loop::Loop& loop, spawn::Tree tree, Callbacks callbacks);
  Result<void> attach(loop::Fd in, loop::Fd out, loop::Fd err, loop::Fd notify);
  Result<loop::PipeReader> reader(loop::Fd pipe, std::function<void(std::string_view)>& on_data,
                                  std::function<void()>* on_end);
  void drop_readers();

  loop::Loop& loop_;
  Callbacks callbacks_;
  spawn::Tree tree_;
  bool exited_{false};
  std::optional<loop::Poll> exit_watch_;
  std::optional<loop::PipeWriter> stdin_;
  std::optional<loop::PipeReader> stdout_;
  std::optional<loop::PipeReader> stderr_;
  std::optional<loop::PipeReader> notify_;
  std::optional<loop::Timer> look_again_;  ///< while a debugger has what is left of it
  std::optional<loop::Timer> drain_;       ///< a grandchild may hold the pipes open for ever
};

class Process::Pending {
 public:
  pid_t pid() const { return launch_.pid(); }
  /// Waits for the exec, some 100 µs from the beginning.  Once.
  Started complete();

 private:
  friend class Process;
  Pending(loop::Loop& loop, spawn::Launch launch, std::string cookie, spawn::Cgroup* cgroup,
          Callbacks callbacks);

  loop::Loop& loop_;
  spawn::Launch launch_;
  std::string server_;
  std::string cookie_;
  spawn::Cgroup* cgroup_;
  Callbacks callbacks_;
  loop::Fd in_;
  loop::Fd out_;
  loop::Fd err_;
  loop::Fd notify_;
};

}  // namespace mcpctl::runtime
