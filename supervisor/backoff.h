// Judges a failed run: how long to wait before the next one, or that fast
// retries are over.  One judge per server; it remembers the streak of failures.
#pragma once
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/rng.h"
#include "config/config.h"

namespace mcpctl::supervisor {

class RestartJudge {
 public:
  struct Verdict {
    /// Unset: the crash-loop rule holds; give up fast retries.
    std::optional<Duration> delay;
    unsigned failures{0};  ///< in this streak, this one included
  };

  /// A run failed at `now` after having been ready for `ready_for` (unset: never
  /// ready).  One that was stable long enough forgives the earlier ones and is
  /// followed by an almost immediate restart.
  Verdict judge(const config::Backoff& backoff, const config::CrashLoop& rule, Instant now,
                std::optional<Duration> ready_for, Rng& rng);

  /// The wait after a shortage that was not the server's fault: grows like the
  /// other, counts toward nothing.
  Duration delay_uncounted(const config::Backoff& backoff, Rng& rng);

  /// Fast retries are over until the server was stable again: the next failure
  /// gives up at once.
  void put_on_parole() { on_parole_ = true; }

  void forgive();

  unsigned failures() const { return streak_; }

 private:
  std::vector<Instant> recent_;  ///< failures inside the window, oldest first
  unsigned streak_{0};
  unsigned shortages_{0};
  bool on_parole_{false};
};

/// The time in `ready` that forgives earlier failures.
Duration stable_after(const config::Backoff& backoff);

}  // namespace mcpctl::supervisor
