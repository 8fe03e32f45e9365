#include "bench/clock.h"

#include <time.h>

#include <chrono>
#include <thread>

namespace mcpctl::bench {

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

bool wait_until(const std::function<bool()>& condition, unsigned limit_ms) {
  const std::uint64_t end = now_ns() + limit_ms * std::uint64_t{1'000'000};
  while (!condition()) {
    if (now_ns() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds{500});
  }
  return true;
}

void rest(unsigned how_long_ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds{how_long_ms});
}

}  // namespace mcpctl::bench
