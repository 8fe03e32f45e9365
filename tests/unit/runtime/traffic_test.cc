#include "runtime/traffic.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::runtime;

TEST_CASE("requests are counted by name and outcome") {
  Tally tally;
  tally.count("tools/call", Outcome::ok);
  tally.count("tools/call", Outcome::ok);
  tally.count("tools/call", Outcome::error);

  CHECK(tally.counts().at("tools/call") == Tally::Counts{2, 1, 0});
  tally.count("tools/list", Outcome::cancelled);
  CHECK(tally.total() == 4);
}

TEST_CASE("names that clients invent do not fill the memory") {
  Tally tally;
  for (int i = 0; i < 10'000; ++i) tally.count("tool-" + std::to_string(i), Outcome::ok);

  CHECK(tally.counts().size() == Tally::most_names + 1);
  CHECK(tally.counts().at("other")[0] == 10'000 - Tally::most_names);

  Tally of_long_names;
  of_long_names.count(std::string(1'000, 'x'), Outcome::ok);
  CHECK(of_long_names.counts().begin()->first == "other");
}

TEST_CASE("a duration counts for its bound and all above") {
  Latency latency;
  latency.observe(Duration{0});
  latency.observe(Duration{5});
  latency.observe(Duration{6});
  latency.observe(Duration{1'000'000});

  const auto sums = latency.cumulative();
  CHECK(sums[0] == 1);
  CHECK(sums[2] == 2);
  CHECK(sums[3] == 3);
  CHECK(sums[sums.size() - 2] == 3);
  CHECK(sums.back() == 4);
  CHECK(latency.sum() == Duration{1'000'011});
}
