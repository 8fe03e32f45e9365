// Strong types that every layer shares: no module passes a bare integer where
// one of these is meant.  Pure; includes nothing but the standard library.
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>

namespace mcpctl {

using Duration = std::chrono::milliseconds;

/// A point on the monotonic clock.  Only loop::Loop and the simulator make one;
/// the core receives it as an argument and never asks for the time.
struct Instant {
  Duration since_start{0};
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.since_start + d}; }
  friend constexpr Duration operator-(Instant a, Instant b) {
    return a.since_start - b.since_start;
  }
};

/// Names one server of the running fleet.  Never reused while the supervisor
/// lives, so an event about a removed server finds nobody.
struct ServerId {
  std::uint32_t value{0};
  friend constexpr auto operator<=>(const ServerId&, const ServerId&) = default;
};

/// Counts the spawns of one server.  Events carry the incarnation they are
/// about, so a late exit or answer of a previous process can never touch its
/// successor.  0 means "never spawned".
struct Incarnation {
  std::uint32_t value{0};
  friend constexpr auto operator<=>(const Incarnation&, const Incarnation&) = default;
};

/// Names one arming of a deadline; a deadline that was disarmed or armed anew
/// is recognised by its old token.  0 means "none".
struct DeadlineToken {
  std::uint64_t value{0};
  friend constexpr auto operator<=>(const DeadlineToken&, const DeadlineToken&) = default;
};

}  // namespace mcpctl
