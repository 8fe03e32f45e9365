#include "health/readiness.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace mcpctl::health {
ReadinessPolicy readiness_policy(const config::Readiness& configured, config::Kind kind,
                                 config::Transport transport) {
  using Method = config::Readiness::Method;
  using Proof = ReadinessPolicy::Proof;
  ReadinessPolicy policy;
  policy.after = configured.after;
  switch (configured.method) {
    case Method::automatic:
      if (kind == config::Kind::process) {
        policy.proof = Proof::survival;
      } else if (transport == config::Transport::stdio) {
        policy.proof = Proof::conversation;
      } else {
        policy.proof = Proof::check;
        policy.check = Check::handshake;
      }
      return policy;
    case Method::tcp: policy.check = Check::tcp; break;
    case Method::http_get: policy.check = Check::http_get; break;
    case Method::exec: policy.check = Check::exec; break;
    case Method::log_line: policy.proof = Proof::log_line; return policy;
    case Method::notify: policy.proof = Proof::notification; return policy;
    case Method::alive: policy.proof = Proof::survival; return policy;
  }
  policy.proof = Proof::check;
  return policy;
}

Duration TrySchedule::next_pause() {
  const Duration pause = pause_;
  pause_ = std::min(pause_ * 3 / 2, most);
  return pause;
}

std::vector<ReadinessAction> Readiness::step(const ReadinessEvent& event, Instant now) {
  MCPCTL_ASSERT(actions_.empty());
  now_ = now;
  std::visit([this](const auto& e) { on(e); }, event);
  return std::exchange(actions_, {});
}

void Readiness::on(const ProofBegan&) {
  MCPCTL_ASSERT(phase_ == Phase::off);
  phase_ = Phase::waiting;
  schedule_.reset();
  tries_ = 0;
  switch (policy_.proof) {
    case ReadinessPolicy::Proof::check: return try_now();
    case ReadinessPolicy::Proof::survival: return arm(now_ + policy_.after);
    case ReadinessPolicy::Proof::conversation:
    case ReadinessPolicy::Proof::log_line:
    case ReadinessPolicy::Proof::notification: return;
  }
}

void Readiness::on(const ProofEnded&) {
  if (phase_ == Phase::trying) actions_.push_back(AbandonCheck{check_});
  phase_ = Phase::off;
  disarm();
}

void Readiness::on(const TrySucceeded& e) {
  if (phase_ == Phase::trying && e.id == check_) declare_ready();
}

void Readiness::on(const TryFailed& e) {
  if (phase_ != Phase::trying || e.id != check_) return;
  phase_ = Phase::waiting;
  arm(now_ + schedule_.next_pause());
}

void Readiness::on(const ConversationOpened&) { accept(ReadinessPolicy::Proof::conversation); }
void Readiness::on(const LineMatched&) { accept(ReadinessPolicy::Proof::log_line); }
void Readiness::on(const ReadyNotified&) { accept(ReadinessPolicy::Proof::notification); }

void Readiness::on(const DeadlineReached& e) {
  if (deadline_ != e.token) return;
  deadline_.reset();
  if (phase_ == Phase::trying) {
    actions_.push_back(AbandonCheck{check_});
    return on(TryFailed{check_});
  }
  if (policy_.proof == ReadinessPolicy::Proof::survival) return declare_ready();
  try_now();
}

void Readiness::accept(ReadinessPolicy::Proof proof) {
  if (phase_ == Phase::waiting && policy_.proof == proof) declare_ready();
}

void Readiness::declare_ready() {
  phase_ = Phase::ready;
  disarm();
  actions_.push_back(DeclareReady{});
}

void Readiness::try_now() {
  phase_ = Phase::trying;
  ++tries_;
  ++check_.value;
  arm(now_ + policy_.timeout + report_slack);
  actions_.push_back(BeginCheck{check_, policy_.check, policy_.timeout});
}

void Readiness::arm(Instant at) {
  ++last_token_.value;
  deadline_ = last_token_;
  actions_.push_back(ArmDeadline{last_token_, at});
}

void Readiness::disarm() {
  if (!deadline_) return;
  deadline_.reset();
  actions_.push_back(DisarmDeadline{});
}

}  // namespace mcpctl::health
