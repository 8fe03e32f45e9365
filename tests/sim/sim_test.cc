// The simulator in every test run: many seeds, every invariant after every step,
// every edge of the transition table taken, and the same digest everywhere.
//
//   MCPCTL_SIM_SEEDS=N         how many seeds (default 100,000; sanitized 20,000)
//   MCPCTL_SIM_SEED=N          only this one, with its trace: how a failure is replayed
//   MCPCTL_SIM_DIGEST=ignore   compare no digest (a mutant differs by definition)
//
// The golden digests change whenever the core decides differently or the simulator
// draws differently.  A change that you meant: run the test, look at why, and put
// the printed values here.  A change that you did not mean is a bug, or a place
// where two compilers may disagree (an unspecified order of evaluation, say).
#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "simulation.h"
#include "supervisor/transitions.h"

using namespace mcpctl;

namespace {

constexpr std::uint64_t few = 20'000;  // enough for every edge
constexpr std::uint64_t many = 100'000;
#ifdef MCPCTL_SANITIZED
constexpr std::uint64_t usual = few;
#else
constexpr std::uint64_t usual = many;
#endif
constexpr std::string_view golden_of_few = "b33d5f8d33d5534f";
constexpr std::string_view golden_of_many = "c1739add863fbb83";

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

std::string hex(std::uint64_t number) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; number >>= 4)
    text[i] = "0123456789abcdef"[number & 15];
  return text;
}

std::string report(std::uint64_t seed, const sim::Outcome& outcome) {
  std::string text = "seed " + std::to_string(seed) + "\n";
  for (const std::string& line : outcome.trace) text += line + "\n";
  if (outcome.violation) text += "BROKEN: " + *outcome.violation + "\n";
  return text + "replay: MCPCTL_SIM_SEED=" + std::to_string(seed) + " build/tests/test_sim";
}

std::string missing_edges(const sim::Coverage& coverage) {
  std::string text;
  std::size_t index = 0;
  for (const supervisor::Transition& edge : supervisor::transitions()) {
    if (coverage.test(index++)) continue;
    text.append(name(edge.from)).append(" --").append(name(edge.trigger)).append("--> ");
    text.append(name(edge.to)).append("\n");
  }
  return text;
}

}  // namespace

TEST_CASE("no seed breaks an invariant, every edge is taken, every compiler agrees") {
  if (const auto seed = number_from("MCPCTL_SIM_SEED")) {
    const sim::Outcome outcome = sim::simulate(*seed, true);
    MESSAGE(report(*seed, outcome));
    CHECK_FALSE(outcome.violation);
    return;
  }
  const std::uint64_t seeds = number_from("MCPCTL_SIM_SEEDS").value_or(usual);
  REQUIRE(supervisor::transitions().size() <= sim::Coverage{}.size());
  sim::Coverage coverage;
  std::uint64_t digest = 0;
  std::uint64_t digest_of_few = 0;
  std::uint64_t calls = 0;

  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    // Shown when the core aborts on an assertion of its own.
    INFO("replay: MCPCTL_SIM_SEED=", seed, " build/tests/test_sim");
    const sim::Outcome outcome = sim::simulate(seed);
    if (outcome.violation) {
      FAIL(report(seed, sim::simulate(seed, true)));
    }
    coverage |= outcome.coverage;
    calls += outcome.calls;
    digest = (digest ^ outcome.digest) * 0x00000100000001b3u;
    if (seed == few) digest_of_few = digest;
  }

  MESSAGE(seeds, " seeds, ", calls, " calls; digest of the first ", few, ": ", hex(digest_of_few),
          ", of all: ", hex(digest));
  const bool compares = std::getenv("MCPCTL_SIM_DIGEST") == nullptr;
  if (compares && seeds >= few) CHECK(hex(digest_of_few) == golden_of_few);
  if (compares && seeds == many) CHECK(hex(digest) == golden_of_many);
  if (seeds >= few) CHECK(missing_edges(coverage) == "");
}

TEST_CASE("a seed replayed gives the same trace") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const sim::Outcome first = sim::simulate(seed, true);
    const sim::Outcome second = sim::simulate(seed, true);

    CHECK(first.digest == second.digest);
    CHECK(first.trace == second.trace);
  }
}
