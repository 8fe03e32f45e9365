// Signals on the loop: ordinary callbacks, not handlers.  Also the one place
// that says what the process does about SIGPIPE.
#pragma once
#include <csignal>

#include "base/result.h"
#include "loop/callback.h"
#include "loop/loop.h"
#include "loop/owned.h"

namespace mcpctl::loop {

class SignalWatch {
 public:
  /// Calls `on_signal` (with the number) for every delivery of `signal_number`,
  /// real-time signals (SIGRTMIN + n) included.  Ordinary signals coalesce, as the
  /// kernel does it.  Fails for SIGKILL and SIGSTOP.
  static Result<SignalWatch> open(Loop& loop, int signal_number, Callback<int> on_signal);
  /// Restores the default action when it was the last watch of this signal.
  ~SignalWatch();
  SignalWatch(SignalWatch&&) noexcept;
  SignalWatch& operator=(SignalWatch&&) noexcept;

 private:
  struct Watch;
  explicit SignalWatch(Owned<Watch> watch);
  Owned<Watch> watch_;
};

/// A write to a peer that left is an EPIPE value, never the death of the process.
/// Children inherit the disposition: whoever spawns must restore SIG_DFL.
void ignore_sigpipe() noexcept;

/// Blocks every signal of this thread while it lives.  A thread made meanwhile never
/// takes one: they are the loop's.
class SignalsHeld {
 public:
  SignalsHeld() noexcept;
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

/// Blocks every signal of this thread for good: the process is about to exit, and
/// one that comes in the last moment, when its watch is gone and the default action
/// back, must not replace the exit code.
void hold_signals_until_exit() noexcept;

}  // namespace mcpctl::loop
