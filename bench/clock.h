// The clock that children stamp with, and how a benchmark waits.
#pragma once
#include <cstdint>
#include <functional>

namespace mcpctl::bench {

/// CLOCK_MONOTONIC.
std::uint64_t now_ns();

inline double ms(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

/// Looks twice a millisecond; false when `limit_ms` have passed.
bool wait_until(const std::function<bool()>& condition, unsigned limit_ms);

/// Lets things settle.
void rest(unsigned how_long_ms);

}  // namespace mcpctl::bench
