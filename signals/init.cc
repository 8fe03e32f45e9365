#include "signals/init.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/assert.h"
#include "signals/descendants.h"
#include "signals/exit_code.h"
#include "signals/waiting_set.h"

namespace mcpctl::signals {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int cannot_run = 126;
constexpr int not_found = 127;

/// One command with its forwarding, from its start to its end.
class Init {
 public:
  Init(const InitOptions& options, const std::vector<std::string>& argv)
      : options_(options), argv_(argv), owns_terminal_(::tcgetpgrp(STDIN_FILENO) == ::getpgrp()) {}

  int run();

 private:
  bool start();
  [[noreturn]] void become_command();
  void hand_over_terminal(pid_t group) const;
  void forward(int signal, pid_t target) const;
  bool reap();
  void suspend();
  void end_the_rest();

  const InitOptions& options_;
  const std::vector<std::string>& argv_;
  bool owns_terminal_;
  Descendants descendants_;
  WaitingSet awaited_;
  pid_t child_{0};
  int status_{0};
};

/// Only the foreground group may read from a terminal.  SIGTTOU is blocked here,
/// which allows the call from the background as well.
void Init::hand_over_terminal(pid_t group) const {
  if (owns_terminal_) ::tcsetpgrp(STDIN_FILENO, group);
}

void Init::become_command() {
  ::setpgid(0, 0);
  hand_over_terminal(::getpid());  // before the exec: it may read at once
  ::sigprocmask(SIG_SETMASK, &awaited_.mask_before(), nullptr);
  std::vector<char*> argv;
  for (const auto& argument : argv_) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  const int error = errno;
  std::fprintf(stderr, "mcpctl: cannot run %s: %s\n", argv[0], std::strerror(error));
  ::_exit(error == ENOENT ? not_found : cannot_run);
}

bool Init::start() {
  ::signal(SIGCHLD, SIG_DFL);  // inherited as ignored, it would swallow exit statuses
  if (::getpid() != 1) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  child_ = ::fork();
  if (child_ == 0) become_command();
  if (child_ < 0) {
    std::fprintf(stderr, "mcpctl: cannot run %s: %s\n", argv_[0].c_str(), std::strerror(errno));
    return false;
  }
  ::setpgid(child_, child_);  // whoever comes first
  return true;
}

void Init::forward(int signal, pid_t target) const {
  if (signal <= 0 || static_cast<std::size_t>(signal) >= options_.rewrite.size()) return;
  const int rewritten = options_.rewrite[static_cast<std::size_t>(signal)];
  if (rewritten != 0) ::kill(target, rewritten);
}

/// The command was stopped (Ctrl-Z): the shell that started us sees only us, so we
/// stop too, and both go on together.  PID 1 has no such shell.
void Init::suspend() {
  if (::getpid() == 1 || !owns_terminal_) return;
  ::raise(SIGSTOP);
  hand_over_terminal(child_);
  ::kill(-child_, SIGCONT);
}

/// Takes all exit statuses; true when the command's was among them.
bool Init::reap() {
  bool ended = false;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return ended;
    if (pid != child_) continue;
    if (WIFSTOPPED(status)) {
      suspend();
    } else {
      status_ = status;
      ended = true;
    }
  }
}

/// TERM to what remains, as the command's own end would have been announced; KILL
/// when the grace period is over.
void Init::end_the_rest() {
  if (descendants_.signal_all(SIGTERM) > 0) descendants_.signal_all(SIGCONT);
  const auto deadline = Clock::now() + options_.grace;
  while (descendants_.signal_all(0) > 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now()).count();
    if (left <= 0) break;
    const timespec patience{left / 1'000'000'000, left % 1'000'000'000};
    const int signal = ::sigtimedwait(&awaited_.signals(), nullptr, &patience);
    if (signal == SIGCHLD) {
      reap_all();
    } else if (signal > 0 && static_cast<std::size_t>(signal) < options_.rewrite.size()) {
      const int rewritten = options_.rewrite[static_cast<std::size_t>(signal)];
      if (rewritten != 0) descendants_.signal_all(rewritten);
    }
  }
  descendants_.kill_all(kill_limit);
}

int Init::run() {
  if (!start()) return cannot_run;
  for (;;) {
    const int signal = ::sigwaitinfo(&awaited_.signals(), nullptr);
    if (signal == SIGCHLD) {
      if (reap()) break;
    } else if (signal == SIGTTIN || signal == SIGTTOU) {
      // About our own use of the terminal, not the command's.
    } else if (signal > 0) {
      forward(signal, options_.signal_group ? -child_ : child_);  // not reaped: its own pid
    }
  }
  end_the_rest();
  hand_over_terminal(::getpgrp());
  return exit_code_of(status_);
}

}  // namespace

int run_init(const InitOptions& options, const std::vector<std::string>& argv) {
  MCPCTL_ASSERT(!argv.empty());
  return Init{options, argv}.run();
}

}  // namespace mcpctl::signals
