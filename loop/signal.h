// Signals on the loop: ordinary callbacks, not handlers.  Also the one place
// that says what the process does about SIGPIPE.
#pragma once
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

}  // namespace mcpctl::loop
