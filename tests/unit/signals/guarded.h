// Verbs for tests of the processes at the top: each runs in a process of its own,
// plainly or as PID 1 of a new pid namespace, and is asked for its exit code.
#pragma once
#include <sched.h>
#include <sys/mount.h>

#include <csignal>
#include <iostream>

#include "tests/unit/spawn/processes.h"

namespace test {

/// A process that runs `body` and exits with what it returns.
class Process {
 public:
  explicit Process(const std::function<int()>& body) {
    auto pipe = make_pipe_ends();
    REQUIRE(pipe);
    std::cout.flush();  // or the child would say it again
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      // doctest's handlers would report a signal as a crash of the test.
      for (const int signal : {SIGTERM, SIGINT, SIGABRT}) std::signal(signal, SIG_DFL);
      ::dup2(pipe->second.get(), STDERR_FILENO);
      pipe->first.reset();
      pipe->second.reset();
      ::_exit(body());
    }
    errors_ = std::move(pipe->first);
  }

  pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }

  /// Its wait status as a shell would show it.
  int exit_code() {
    int status = 0;
    CHECK(eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, 15s));
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  /// What it wrote to stderr; ends when the last writer has closed it.
  std::string errors() { return read_all(errors_.get()); }

 private:
  pid_t pid_{0};
  loop::Fd errors_;
};

inline constexpr int no_namespaces = 77;

/// Runs `body` as PID 1 of a pid namespace with its own /proc; its exit code, or
/// no_namespaces.
inline int as_pid_1(const std::function<int()>& body) {
  if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return no_namespaces;
  const pid_t first = ::fork();
  if (first == 0) {
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) ::_exit(no_namespaces);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(first, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// A pipe for news from one process to the test.
struct News {
  News() {
    auto pipe = make_pipe_ends();
    REQUIRE(pipe);
    reader = std::move(pipe->first);
    writer = std::move(pipe->second);
  }
  void tell(int number) const { CHECK(::write(writer.get(), &number, sizeof number) > 0); }
  int hear() const {
    pollfd readable{reader.get(), POLLIN, 0};
    int number = -1;
    if (::poll(&readable, 1, 10'000) != 1) return -1;
    return ::read(reader.get(), &number, sizeof number) == sizeof number ? number : -1;
  }
  loop::Fd reader;
  loop::Fd writer;
};

}  // namespace test
