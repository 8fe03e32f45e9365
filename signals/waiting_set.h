// Blocks all signals of a process that waits for them with sigwaitinfo(2).
#pragma once
#include <csignal>

namespace mcpctl::signals {

/// Blocks every signal but those that a fault of our own raises: they must kill, not
/// wait.  For good, since who waits like this exits when it has done: a signal that
/// came in the last moment must not replace the exit code.  Blocked, a signal
/// reaches even PID 1, to whom the kernel delivers none without a handler otherwise.
class WaitingSet {
 public:
  WaitingSet() noexcept {
    sigfillset(&signals_);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
      sigdelset(&signals_, fault);
    }
    ::sigprocmask(SIG_BLOCK, &signals_, &before_);
  }
  WaitingSet(const WaitingSet&) = delete;
  WaitingSet& operator=(const WaitingSet&) = delete;

  const sigset_t& signals() const noexcept { return signals_; }
  const sigset_t& mask_before() const noexcept { return before_; }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

}  // namespace mcpctl::signals
