// The time of day, for what people read; durations are measured by the loop's clock.
#pragma once
#include <cstdint>
#include <ctime>

namespace mcpctl::runtime {

/// Milliseconds since 1970 (CLOCK_REALTIME): may jump.
inline std::int64_t wall_clock_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace mcpctl::runtime
