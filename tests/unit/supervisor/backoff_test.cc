// The judge of failed runs: delays, jitter, the streak and what forgives it.
#include "supervisor/backoff.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace mcpctl;
using namespace mcpctl::supervisor;
using namespace std::chrono_literals;

namespace {

constexpr std::nullopt_t never_ready = std::nullopt;

struct Court {
  RestartJudge judge;
  config::Backoff backoff;
  config::CrashLoop rule{.failures = 1'000, .window = 120s, .retry = 300s};
  Rng rng{1};
  Instant now;

  RestartJudge::Verdict fails(std::optional<Duration> ready_for = never_ready) {
    return judge.judge(backoff, rule, now, ready_for, rng);
  }
};

}  // namespace

TEST_CASE("delays double from the initial one up to the maximum, within a fifth") {
  Court court;
  Duration expected = 500ms;
  for (int nth = 1; nth <= 40; ++nth) {
    CAPTURE(nth);

    const auto verdict = court.fails();

    REQUIRE(verdict.delay);
    CHECK(*verdict.delay >= expected * 8 / 10);
    CHECK(*verdict.delay <= expected * 12 / 10);
    expected = std::min<Duration>(expected * 2, 30s);
  }
}

TEST_CASE("jitter spreads over the whole fifth in both directions") {
  Duration least = 1h;
  Duration most{0};
  Court court;
  for (int i = 0; i < 2'000; ++i) {
    court.judge.forgive();

    const Duration delay = *court.fails().delay;

    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  CHECK(least == 400ms);
  CHECK(most == 600ms);
}

TEST_CASE("a stable run is followed by an almost immediate restart and a new streak") {
  Court court;
  court.fails();
  court.fails();

  const auto verdict = court.fails(60s);

  CHECK(*verdict.delay == 100ms);
  CHECK(verdict.failures == 1);
}

TEST_CASE("a run one moment short of stable forgives nothing") {
  Court court;
  court.fails();

  const auto verdict = court.fails(59'999ms);

  CHECK(verdict.failures == 2);
}

TEST_CASE("stable is a minute, or twice the longest delay, or what the configuration says") {
  config::Backoff backoff;
  CHECK(stable_after(backoff) == 60s);
  backoff.max = 45s;
  CHECK(stable_after(backoff) == 90s);
  backoff.stable = 5s;
  CHECK(stable_after(backoff) == 5s);
}

TEST_CASE("an initial delay shorter than the immediate restart is kept") {
  Court court;
  court.backoff.initial = 20ms;

  CHECK(*court.fails(60s).delay == 20ms);
}

TEST_CASE("no initial delay means none at all") {
  Court court;
  court.backoff.initial = 0ms;

  CHECK(*court.fails().delay == 0ms);
}

TEST_CASE("as many failures as the rule names, within its window, end fast retries") {
  Court court;
  court.rule.failures = 3;
  court.fails();
  court.now = court.now + 60s;
  court.fails();
  court.now = court.now + 60s;  // 120 s after the first: still inside

  CHECK_FALSE(court.fails().delay);
}

TEST_CASE("failures outside the window do not count for the rule") {
  Court court;
  court.rule.failures = 3;
  court.fails();
  court.now = court.now + 60s;
  court.fails();
  court.now = court.now + 60'001ms;

  const auto verdict = court.fails();

  CHECK(verdict.delay);
  CHECK(verdict.failures == 3);  // the streak goes on all the same
}

TEST_CASE("on parole the next failure gives up at once, until a stable run") {
  Court court;
  court.judge.put_on_parole();
  CHECK_FALSE(court.fails().delay);
  CHECK_FALSE(court.fails(59s).delay);

  CHECK(court.fails(60s).delay);
}

TEST_CASE("forgiving forgets the streak and the parole") {
  Court court;
  court.fails();
  court.judge.put_on_parole();

  court.judge.forgive();
  CHECK(court.judge.failures() == 0);

  const auto verdict = court.fails();
  CHECK(verdict.delay);
  CHECK(verdict.failures == 1);
}

TEST_CASE("shortages back off on their own and count toward nothing") {
  Court court;
  const Duration first = court.judge.delay_uncounted(court.backoff, court.rng);
  const Duration second = court.judge.delay_uncounted(court.backoff, court.rng);
  CHECK(first <= 600ms);
  CHECK(second >= 800ms);
  CHECK(court.judge.failures() == 0);

  CHECK(*court.fails().delay <= 600ms);
}

TEST_CASE("the same seed draws the same delays") {
  Court one;
  Court other;
  for (int i = 0; i < 20; ++i) CHECK(one.fails().delay == other.fails().delay);
}
