#include "cli/foreground.h"

#include <doctest/doctest.h>

#include <vector>

using namespace mcpctl;
using namespace mcpctl::cli;
using namespace std::chrono_literals;

TEST_CASE("a slow start is told soon, and then ever less often") {
  std::vector<Duration> told;
  for (Duration waited{0}; waited < 4min; waited = told.back()) {
    told.push_back(next_patience(waited));
  }
  CHECK(told == std::vector<Duration>{3s, 10s, 30s, 1min, 2min, 3min, 4min});
}
