// Watches one ready server: decides when to ask whether it still lives, and what
// to make of the answers.  Pure: events and the time in, actions out; the shell
// performs the checks and keeps the one timer.
//
// Only an idle server is asked.  Whatever it writes proves that it lives and
// postpones the question.  A server that works on a request is busy, not hung:
// it is left alone for Policy::busy_most of complete silence.  A check that fails
// counts only if the server was silent while it ran; a ping that fails is first
// confirmed by tools/list, since some healthy servers never answer pings.
// `failures` in a row: failing (degraded); as many again: lost (to be restarted).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "config/config.h"
#include "health/check.h"
#include "mcp/version.h"

namespace mcpctl::health {

struct LivenessPolicy {
  /// Nothing: never asked (method none; a process, for which `automatic` is none).
  std::optional<Check> check;
  /// The server feeds the watchdog itself (sd_notify WATCHDOG=1); `check` is unset.
  bool watchdog{false};
  Duration interval{15'000};
  Duration timeout{5'000};
  unsigned failures{3};  ///< at least 1
  /// How long requests in flight excuse silence.  Longer than any client waits:
  /// the reference SDKs give up, and cancel, after 60 s.
  Duration busy_most{300'000};
};

/// What the configuration means for a server of that kind and era.
LivenessPolicy liveness_policy(const config::Liveness& configured, config::Kind kind, mcp::Era era);

// ---- what happened

/// The server is ready.  `chance` is any random number: it decides where between
/// 3/4 and 1 interval this incarnation is asked, so that a thousand servers that
/// started together are not asked together.
struct WatchBegan {
  std::uint64_t chance{0};
};
/// The server is stopped, or gone.
struct WatchEnded {};
/// The server wrote something: a message, a line of its log does not count.
struct TrafficSeen {};
/// Requests sent to the server that it has not answered.  Probes are not among them.
struct InFlightChanged {
  unsigned in_flight{0};
};
struct CheckSucceeded {
  CheckId id;
};
struct CheckFailed {
  CheckId id;
  Check check{Check::ping};  ///< what was really tried: a client may have replaced a ping
};
struct WatchdogFed {};
/// We ourselves did not run for `gap`: nobody can be blamed for that time.
struct LoopPaused {
  Duration gap{0};
};
using LivenessEvent =
    std::variant<WatchBegan, WatchEnded, TrafficSeen, InFlightChanged, CheckSucceeded, CheckFailed,
                 WatchdogFed, DeadlineReached, LoopPaused>;

// ---- what to do

enum class Verdict : unsigned char {
  failing,    ///< degraded: no new traffic
  recovered,  ///< after failing
  lost,       ///< to be restarted; nothing more will be asked or told
};
struct Judge {
  Verdict verdict{Verdict::failing};
  unsigned failures{0};  ///< in a row, so far
};
using LivenessAction = std::variant<BeginCheck, AbandonCheck, ArmDeadline, DisarmDeadline, Judge>;

/// A gap between two turns of the loop that means that we were suspended.
inline constexpr Duration suspension{2'000};

class Liveness {
 public:
  explicit Liveness(LivenessPolicy policy) : policy_(policy) {}

  /// Feeds one event.  TrafficSeen costs no allocation and arms nothing: the
  /// deadline finds out when it fires.
  std::vector<LivenessAction> step(const LivenessEvent& event, Instant now);

  bool is_failing() const { return verdict_ == Verdict::failing; }
  unsigned failures() const { return failures_; }
  /// Between 3/4 and 1 interval: the silence after which this server is asked.
  Duration patience() const { return patience_; }

 private:
  enum class Phase : unsigned char { off, quiet, checking };

  void on(const WatchBegan&);
  void on(const WatchEnded&);
  void on(const TrafficSeen&);
  void on(const InFlightChanged&);
  void on(const CheckSucceeded&);
  void on(const CheckFailed&);
  void on(const WatchdogFed&);
  void on(const DeadlineReached&);
  void on(const LoopPaused&);

  void ask_or_wait();
  void ask(Check check);
  void count_failure();
  void forgive();
  void rest();
  Instant next_question() const;
  void arm(Instant at);
  void disarm();

  LivenessPolicy policy_;
  Phase phase_{Phase::off};
  Verdict verdict_{Verdict::recovered};
  bool excused_{false};  ///< we were suspended while the check ran
  unsigned failures_{0};
  unsigned in_flight_{0};
  Check asked_{Check::ping};
  CheckId check_;
  Duration patience_{0};
  Instant heard_;       ///< last sign of life
  Instant asked_at_;    ///< start of the last check, or of the last watchdog interval
  Instant busy_since_;  ///< in_flight_ was 0 until then
  std::optional<Instant> deadline_;
  DeadlineToken last_token_;

  Instant now_;                          ///< of the current step
  std::vector<LivenessAction> actions_;  ///< of the current step
};

/// `at`, moved to the next point of a grid common to all servers, so that checks
/// due at about the same time share one wakeup.  The grid is the largest power of
/// two milliseconds within 1/16 of `interval`, at most 1.024 s; powers of two nest, so
/// servers with different intervals share it too.  With the default 15 s it is
/// 512 ms: a thousand idle servers cost at most two wakeups a second instead of
/// seventy, and a hung one is noticed 3 % later.
Instant on_grid(Instant at, Duration interval);

}  // namespace mcpctl::health
