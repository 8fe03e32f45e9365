// Waiting for what no event announces to a test outside the process: looks again
// every few milliseconds until it is so, or a generous deadline has passed.
#pragma once
#include <chrono>
#include <cstdlib>
#include <thread>

#include "scale.h"

namespace mcpctl::e2e {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;
using namespace std::chrono_literals;

/// Generous, since it is only reached when something is wrong.
inline constexpr Milliseconds patience{30'000 * sanitizer_cost};

/// For what takes a moment by right: a busy machine may need so long, but what waits for
/// the wrong thing (a grace, another's end) does not come by then.
inline constexpr Milliseconds soon{8'000 * sanitizer_cost};

/// Whether `condition` came true within `limit`.
template <typename Condition>
bool eventually(Condition condition, Milliseconds limit = patience) {
  for (const auto end = Clock::now() + limit;;) {
    if (condition()) return true;
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
}

/// Whether `condition` stays true all through `span`.
template <typename Condition>
bool stays(Condition condition, Milliseconds span) {
  return !eventually([&] { return !condition(); }, span);
}

inline Milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
}

/// What an environment variable says, a number.
inline long number_from(const char* variable, long otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
}

}  // namespace mcpctl::e2e
