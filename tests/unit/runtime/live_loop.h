// A loop, and a deadline for everything that is waited for on it.
#pragma once
#include <sys/prctl.h>
#include <sys/wait.h>

#include <functional>

#include "loop/loop.h"
#include "loop/timer.h"

namespace mcpctl::runtime::testing {

/// Turns `loop` until `condition` holds, ten seconds at most.
inline bool turn_until(loop::Loop& loop, const std::function<bool()>& condition) {
  bool late = false;
  loop::Timer limit{loop};
  limit.arm(Duration{10'000}, [&] { late = true; });
  loop::Timer tick{loop};  // some conditions change without an event for us
  while (!condition() && !late) {
    tick.arm(Duration{20}, [] {});
    loop.run_once();
  }
  return condition();
}

/// Turns `loop` for `time`: for what must not happen.
inline void turn_for(loop::Loop& loop, Duration time) {
  bool over = false;
  loop::Timer limit{loop};
  limit.arm(time, [&] { over = true; });
  while (!over) loop.run_once();
}

/// A child of this process, alive or not yet reaped.
inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

inline void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

}  // namespace mcpctl::runtime::testing
