// A one-shot timer on the monotonic clock.  Owned by whoever arms it; may be
// re-armed, disarmed or destroyed at any time, also inside its own callback.
#pragma once
#include <optional>

#include "base/ids.h"
#include "loop/callback.h"
#include "loop/loop.h"
#include "loop/owned.h"

namespace mcpctl::loop {

class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  /// Calls `callback` once, never before loop.now() reached `when`; a time in the
  /// past means the next turn.  An earlier arming is forgotten.
  void arm(Instant when, Callback<> callback);
  void arm(Duration delay, Callback<> callback);
  /// Drops the callback uncalled, if there is one.
  void disarm() noexcept;

  /// Nothing when no callback is due.
  std::optional<Instant> deadline() const noexcept;
  bool is_armed() const noexcept { return deadline().has_value(); }
  /// Armed, for `when` or sooner.
  bool is_due_by(Instant when) const noexcept {
    const auto due = deadline();
    return due && *due <= when;
  }

 private:
  struct Watch;
  Owned<Watch> watch_;
};

}  // namespace mcpctl::loop
