#include "health/liveness.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"

namespace mcpctl::health {
LivenessPolicy liveness_policy(const config::Liveness& configured, config::Kind kind,
                               mcp::Era era) {
  using Method = config::Liveness::Method;
  LivenessPolicy policy;
  policy.interval = configured.interval;
  policy.timeout = configured.timeout;
  policy.failures = std::max(configured.failures, 1u);
  switch (configured.method) {
    case Method::automatic:
      if (kind == config::Kind::mcp) {
        policy.check = era == mcp::Era::modern ? Check::discover : Check::ping;
      }
      break;
    case Method::ping: policy.check = Check::ping; break;
    case Method::discover: policy.check = Check::discover; break;
    case Method::tools_list: policy.check = Check::tools_list; break;
    case Method::tcp: policy.check = Check::tcp; break;
    case Method::http_get: policy.check = Check::http_get; break;
    case Method::exec: policy.check = Check::exec; break;
    case Method::notify: policy.watchdog = true; break;
    case Method::none: break;
  }
  return policy;
}

Instant on_grid(Instant at, Duration interval) {
  constexpr std::uint64_t widest = 1024;
  const auto sixteenth =
      static_cast<std::uint64_t>(std::max<Duration::rep>(interval.count(), 16)) / 16;
  const auto grid = static_cast<Duration::rep>(std::min(std::bit_floor(sixteenth), widest));
  const Duration::rep since = at.since_start.count();
  return Instant{Duration{(since + grid - 1) / grid * grid}};
}

std::vector<LivenessAction> Liveness::step(const LivenessEvent& event, Instant now) {
  MCPCTL_ASSERT(actions_.empty());
  now_ = now;
  std::visit([this](const auto& e) { on(e); }, event);
  return std::exchange(actions_, {});
}

void Liveness::on(const WatchBegan& e) {
  if (!policy_.check && !policy_.watchdog) return;
  MCPCTL_ASSERT(phase_ == Phase::off);
  patience_ = policy_.interval;
  if (policy_.check) {
    const auto quarter = static_cast<std::uint64_t>(policy_.interval.count()) / 4;
    patience_ -= Duration{static_cast<Duration::rep>(e.chance % (quarter + 1))};
  }
  verdict_ = Verdict::recovered;
  failures_ = 0;
  excused_ = false;
  heard_ = asked_at_ = busy_since_ = now_;
  rest();
}

void Liveness::on(const WatchEnded&) {
  if (phase_ == Phase::checking) actions_.push_back(AbandonCheck{check_});
  phase_ = Phase::off;
  in_flight_ = 0;
  disarm();
}

void Liveness::on(const TrafficSeen&) {
  if (phase_ == Phase::off || policy_.watchdog) return;
  heard_ = now_;
  forgive();
}

void Liveness::on(const InFlightChanged& e) {
  if (in_flight_ == 0 && e.in_flight > 0) busy_since_ = now_;
  in_flight_ = e.in_flight;
  // The deadline may stand as far away as busy_most; an idle server is asked sooner.
  if (phase_ == Phase::quiet && in_flight_ == 0 && deadline_ && next_question() < *deadline_) {
    arm(next_question());
  }
}

void Liveness::on(const CheckSucceeded& e) {
  if (phase_ != Phase::checking || e.id != check_) return;
  heard_ = now_;
  forgive();
  rest();
}

void Liveness::on(const CheckFailed& e) {
  if (phase_ != Phase::checking || e.id != check_) return;
  if (excused_ || (is_mcp(asked_) && heard_ > asked_at_)) return rest();
  if (e.check == Check::ping || e.check == Check::discover) return ask(Check::tools_list);
  count_failure();
}

void Liveness::on(const WatchdogFed&) {
  if (phase_ == Phase::off || !policy_.watchdog) return;
  heard_ = now_;
  forgive();
}

void Liveness::on(const DeadlineReached& e) {
  if (!deadline_ || e.token != last_token_) return;
  deadline_.reset();
  if (phase_ == Phase::checking) {
    actions_.push_back(AbandonCheck{check_});
    return on(CheckFailed{check_, asked_});
  }
  if (phase_ == Phase::quiet) ask_or_wait();
}

void Liveness::on(const LoopPaused& e) {
  if (phase_ == Phase::off) return;
  heard_ = heard_ + e.gap;
  asked_at_ = asked_at_ + e.gap;
  busy_since_ = busy_since_ + e.gap;
  if (phase_ == Phase::checking) excused_ = true;
  if (deadline_) arm(*deadline_ + e.gap);
}

void Liveness::ask_or_wait() {
  if (next_question() > now_) return arm(next_question());
  asked_at_ = now_;
  if (policy_.check) return ask(*policy_.check);
  count_failure();  // no WATCHDOG=1 for a whole interval
}

/// The earliest time at which silence means something.
Instant Liveness::next_question() const {
  const Instant patient = std::max(heard_, asked_at_) + patience_;
  if (in_flight_ == 0 || policy_.watchdog) return patient;
  return std::max(patient, std::max(heard_, busy_since_) + policy_.busy_most);
}

void Liveness::ask(Check check) {
  phase_ = Phase::checking;
  asked_ = check;
  excused_ = false;
  ++check_.value;
  arm(now_ + policy_.timeout + report_slack);
  actions_.push_back(BeginCheck{check_, check, policy_.timeout});
}

void Liveness::count_failure() {
  ++failures_;
  if (failures_ >= 2 * policy_.failures) {
    verdict_ = Verdict::lost;
    actions_.push_back(Judge{verdict_, failures_});
    phase_ = Phase::off;
    return disarm();
  }
  if (failures_ >= policy_.failures && verdict_ == Verdict::recovered) {
    verdict_ = Verdict::failing;
    actions_.push_back(Judge{verdict_, failures_});
  }
  rest();
}

void Liveness::forgive() {
  failures_ = 0;
  if (verdict_ != Verdict::failing) return;
  verdict_ = Verdict::recovered;
  actions_.push_back(Judge{verdict_, 0});
}

void Liveness::rest() {
  phase_ = Phase::quiet;
  arm(next_question());
}

void Liveness::arm(Instant at) {
  deadline_ = on_grid(at, policy_.interval);
  ++last_token_.value;
  actions_.push_back(ArmDeadline{last_token_, *deadline_});
}

void Liveness::disarm() {
  if (!deadline_) return;
  deadline_.reset();
  actions_.push_back(DisarmDeadline{});
}

}  // namespace mcpctl::health
