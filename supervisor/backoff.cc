#include "supervisor/backoff.h"

#include <algorithm>

namespace mcpctl::supervisor {
namespace {

constexpr Duration first_after_stable{100};

/// initial × 2^(nth-1), at most max, ± 20 %.
Duration spread(const config::Backoff& backoff, unsigned nth, Rng& rng) {
  const unsigned doublings = std::min(nth - 1, 20u);
  const Duration base = std::min(backoff.initial * (std::int64_t{1} << doublings), backoff.max);
  if (base.count() == 0) return base;
  const auto permille = static_cast<std::int64_t>(800 + rng.below(401));
  return base * permille / 1000;
}

}  // namespace

Duration stable_after(const config::Backoff& backoff) {
  return backoff.stable.value_or(std::max(Duration{60'000}, backoff.max * 2));
}

RestartJudge::Verdict RestartJudge::judge(const config::Backoff& backoff,
                                          const config::CrashLoop& rule, Instant now,
                                          std::optional<Duration> ready_for, Rng& rng) {
  const bool was_stable = ready_for && *ready_for >= stable_after(backoff);
  if (was_stable) forgive();

  ++streak_;
  shortages_ = 0;
  recent_.push_back(now);
  std::erase_if(recent_, [&](Instant then) { return now - then > rule.window; });

  const bool loops = recent_.size() >= std::max(rule.failures, 1u);
  if (on_parole_ || loops) return {std::nullopt, streak_};
  if (was_stable) return {std::min(first_after_stable, backoff.initial), streak_};
  return {spread(backoff, streak_, rng), streak_};
}

Duration RestartJudge::delay_uncounted(const config::Backoff& backoff, Rng& rng) {
  return spread(backoff, ++shortages_, rng);
}

void RestartJudge::forgive() {
  recent_.clear();
  streak_ = 0;
  shortages_ = 0;
  on_parole_ = false;
}

}  // namespace mcpctl::supervisor
