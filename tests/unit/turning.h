// A loop that is turned until something has come true, or for a while.
#pragma once
#include <functional>

#include "loop/loop.h"
#include "loop/timer.h"

namespace mcpctl::testing {

/// A sanitizer on a busy machine makes a second of many milliseconds.
inline constexpr Duration patience{30'000};

/// Turns `loop` until `condition` holds; false when it does not within `most`.  Nothing but
/// the loop's own events makes it look again: an event that never comes is not overlooked.
inline bool turn_until(loop::Loop& loop, const std::function<bool()>& condition,
                       Duration most = patience) {
  bool late = false;
  loop::Timer limit{loop};
  limit.arm(most, [&] { late = true; });
  while (!condition() && !late) loop.run_once();
  return condition();
}

/// The same for what no event of the loop's announces, as another process or a socket that
/// the test itself reads: looks again every few milliseconds.
inline bool poll_until(loop::Loop& loop, const std::function<bool()>& condition,
                       Duration most = patience) {
  loop::Timer tick{loop};
  return turn_until(
      loop,
      [&] {
        tick.arm(Duration{5}, [] {});
        return condition();
      },
      most);
}

/// Turns `loop` for `time`: for what must not happen.
inline void turn_for(loop::Loop& loop, Duration time) {
  turn_until(loop, [] { return false; }, time);
}

}  // namespace mcpctl::testing
