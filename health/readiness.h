// Finds out when a started server is ready: at once, then again and again, until
// it is or somebody gives up.  Giving up is not decided here: the start timeout is
// the lifecycle's, and failures before the first success count for nothing.
// Pure: events and the time in, actions out.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "config/config.h"
#include "health/check.h"

namespace mcpctl::health {

struct ReadinessPolicy {
  enum class Proof : unsigned char {
    conversation,  ///< HandshakeCompleted on the stdio conversation that is open anyway
    check,         ///< `check` succeeds, tried again and again
    log_line,      ///< a line matched
    notification,  ///< READY=1, or a newline on the notify descriptor
    survival,      ///< it has lived for `after`
  };
  Proof proof{Proof::conversation};
  Check check{Check::handshake};
  Duration after{0};
  /// For one try, in total: connection, answer and all.
  Duration timeout{5'000};
};

/// What the configuration means for a server of that kind and transport.
ReadinessPolicy readiness_policy(const config::Readiness& configured, config::Kind kind,
                                 config::Transport transport);

// ---- what happened

/// The process exists (or a remote server is wanted).
struct ProofBegan {};
/// The server is stopped, or gone, or somebody gave up.
struct ProofEnded {};
struct TrySucceeded {
  CheckId id;
};
struct TryFailed {
  CheckId id;
};
struct ConversationOpened {};
struct LineMatched {};
struct ReadyNotified {};
using ReadinessEvent =
    std::variant<ProofBegan, ProofEnded, TrySucceeded, TryFailed, ConversationOpened, LineMatched,
                 ReadyNotified, DeadlineReached>;

// ---- what to do

/// The server is ready.  Said once for each ProofBegan.
struct DeclareReady {};
using ReadinessAction =
    std::variant<BeginCheck, AbandonCheck, ArmDeadline, DisarmDeadline, DeclareReady>;

/// Pause before the next try: 5 ms, then half as much more each time, up to 2 s.  So it
/// is never noticed much later than half of the time it took, and soon if it was fast.
class TrySchedule {
 public:
  Duration next_pause();
  void reset() { pause_ = first; }

  static constexpr Duration first{5};
  static constexpr Duration most{2'000};

 private:
  Duration pause_{first};
};

class Readiness {
 public:
  explicit Readiness(ReadinessPolicy policy) : policy_(policy) {}

  std::vector<ReadinessAction> step(const ReadinessEvent& event, Instant now);

  bool is_ready() const { return phase_ == Phase::ready; }
  unsigned tries() const { return tries_; }

 private:
  enum class Phase : unsigned char { off, waiting, trying, ready };

  void on(const ProofBegan&);
  void on(const ProofEnded&);
  void on(const TrySucceeded&);
  void on(const TryFailed&);
  void on(const ConversationOpened&);
  void on(const LineMatched&);
  void on(const ReadyNotified&);
  void on(const DeadlineReached&);

  void accept(ReadinessPolicy::Proof proof);
  void declare_ready();
  void try_now();
  void arm(Instant at);
  void disarm();

  ReadinessPolicy policy_;
  Phase phase_{Phase::off};
  TrySchedule schedule_;
  unsigned tries_{0};
  CheckId check_;
  std::optional<DeadlineToken> deadline_;
  DeadlineToken last_token_;

  Instant now_;                           ///< of the current step
  std::vector<ReadinessAction> actions_;  ///< of the current step
};

}  // namespace mcpctl::health
