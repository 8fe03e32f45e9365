#include "supervisor/lifecycle.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/assert.h"
#include "supervisor/transitions.h"

namespace mcpctl::supervisor {
namespace {

/// How long the kernel may take to bury what SIGKILL hit (a process in an
/// uninterruptible sleep takes longer, and is then named instead).
constexpr Duration verify_time{2'000};

bool contains(const std::vector<int>& codes, int code) {
  return std::ranges::find(codes, code) != codes.end();
}

}  // namespace

Lifecycle::Lifecycle(Spec spec, std::uint64_t seed) : spec_(std::move(spec)), rng_(seed) {}

std::vector<Action> Lifecycle::step(const Event& event, Instant now) {
  MCPCTL_ASSERT(actions_.empty());
  MCPCTL_ASSERT(now >= now_);
  now_ = now;
  const DeadlineToken armed_before = deadline_ ? deadline_->token : DeadlineToken{};

  std::visit([this](const auto& e) { on(e); }, event);

  const DeadlineToken armed_after = deadline_ ? deadline_->token : DeadlineToken{};
  if (armed_after != armed_before) {
    if (deadline_) {
      actions_.emplace_back(ArmDeadline{deadline_->token, deadline_->at});
    } else {
      actions_.emplace_back(DisarmDeadline{});
    }
  }
  return std::exchange(actions_, {});
}

bool Lifecycle::has_process() const {
  switch (state_) {
    case State::starting:
    case State::ready:
    case State::degraded:
    case State::draining:
    case State::stopping: return true;
    case State::failed: return survivor_;
    case State::stopped:
    case State::idle:
    case State::waiting:
    case State::backoff:
    case State::completed: return false;
  }
  std::abort();
}

std::optional<Instant> Lifecycle::deadline() const {
  if (!deadline_) return std::nullopt;
  return deadline_->at;
}

// ---- intents ---------------------------------------------------------------

void Lifecycle::on(const Enabled&) {
  goal_ = Goal::up;
  if (state_ != State::stopped) return;
  if (spec_.startup == config::Startup::lazy && spec_.unusable.empty()) {
    return enter(State::idle, because(Trigger::enabled));
  }
  await_admission(because(Trigger::enabled));
}

void Lifecycle::on(const StartRequested& e) {
  goal_ = Goal::up;
  switch (state_) {
    case State::stopped:
    case State::idle:
    case State::backoff:
    case State::completed:
      judge_.forgive();
      return await_admission(because(Trigger::start_requested, e.motive));
    case State::failed:
      judge_.forgive();
      if (survivor_) return;  // once the survivor is gone
      return await_admission(because(Trigger::start_requested, e.motive));
    case State::draining:
    case State::stopping: after_ = After::start_again; return;
    case State::waiting:
    case State::starting:
    case State::ready:
    case State::degraded: return;
  }
}

void Lifecycle::on(const StopRequested& e) {
  goal_ = Goal::down;
  switch (state_) {
    case State::failed:
      if (survivor_) return;
      [[fallthrough]];
    case State::idle:
    case State::waiting:
    case State::backoff:
    case State::completed:
      judge_.forgive();
      return enter(State::stopped, because(Trigger::stop_requested, e.motive));
    case State::starting:
    case State::ready:
    case State::degraded:
      judge_.forgive();
      return take_down(After::start_again, because(Trigger::stop_requested, e.motive));
    case State::stopped:
    case State::draining:
    case State::stopping: return;
  }
}

void Lifecycle::on(const RestartRequested& e) {
  const bool only_if_wanted = e.motive == Motive::config_change;
  if (only_if_wanted && (goal_ == Goal::down || state_ == State::idle)) return;
  goal_ = Goal::up;
  judge_.forgive();
  const Why why = because(Trigger::restart_requested, e.motive);
  switch (state_) {
    case State::failed:
      if (survivor_) return;
      [[fallthrough]];
    case State::stopped:
    case State::idle:
    case State::backoff:
    case State::completed: return await_admission(why);
    case State::starting:
    case State::ready:
    case State::degraded: return take_down(After::start_again, why);
    case State::draining:
    case State::stopping: after_ = After::start_again; return;
    case State::waiting: return;
  }
}

void Lifecycle::on(const KillRequested&) {
  switch (state_) {
    case State::starting:
    case State::ready:
    case State::degraded: after_ = After::judge_failure; [[fallthrough]];
    case State::draining:
      enter(State::stopping, because(Trigger::kill_requested));
      return climb(Rung::kill);
    case State::stopping:
      if (rung_ != Rung::kill) climb(Rung::kill);
      return;
    case State::failed:
      if (survivor_) actions_.emplace_back(KillTree{incarnation_});
      return;
    case State::stopped:
    case State::idle:
    case State::waiting:
    case State::backoff:
    case State::completed: return;
  }
}

void Lifecycle::on(const ResetRequested&) {
  judge_.forgive();
  const bool waits_in_vain =
      state_ == State::backoff || (state_ == State::failed && !survivor_ && goal_ == Goal::up);
  if (waits_in_vain) await_admission(because(Trigger::reset_requested));
}

void Lifecycle::on(const Demanded&) {
  if (state_ == State::idle) await_admission(because(Trigger::demanded));
}

void Lifecycle::on(const Reconfigured& e) {
  spec_ = e.spec;
  if (state_ == State::ready) watch_idleness();
}

// ---- what happened ---------------------------------------------------------

void Lifecycle::on(const Admitted&) {
  if (state_ != State::waiting) return;
  ++incarnation_.value;
  const bool nobody_asked =
      why_.trigger == Trigger::backoff_elapsed || why_.trigger == Trigger::retry_elapsed;
  if (nobody_asked) ++restarts_;
  spawned_at_ = last_progress_ = now_;
  ready_at_.reset();
  exit_.reset();
  in_flight_ = 0;
  enter(State::starting, because(Trigger::admitted));
  actions_.emplace_back(Spawn{incarnation_});
  arm(spec_.start_timeout);
}

void Lifecycle::on(const Spawned& e) {
  if (!is_about_us(e.about)) return;
  if (state_ == State::starting) actions_.emplace_back(ProveReadiness{incarnation_});
}

void Lifecycle::on(const SpawnFailed& e) {
  if (!is_about_us(e.about)) return;
  if (state_ == State::stopping) return gone(Trigger::gone);
  if (state_ != State::starting) return;
  Why why = because(Trigger::spawn_failed);
  why.message = e.message;
  if (!e.mends_itself) return give_up(GaveUp::not_worth_retrying, std::move(why));
  why.delay = judge_.delay_uncounted(spec_.backoff, rng_);
  const Duration delay = why.delay;
  enter(State::backoff, std::move(why));
  arm(delay);
}

void Lifecycle::on(const ReadinessProven& e) {
  if (!is_about_us(e.about) || state_ != State::starting) return;
  ready_at_ = now_;
  enter(State::ready, because(Trigger::readiness_proven));
  actions_.emplace_back(WatchHealth{incarnation_});
  watch_idleness();
}

void Lifecycle::on(const Progressed& e) {
  if (is_about_us(e.about)) last_progress_ = now_;
}

void Lifecycle::on(const HealthFailing& e) {
  if (!is_about_us(e.about) || state_ != State::ready) return;
  enter(State::degraded, because(Trigger::health_failing));
}

void Lifecycle::on(const HealthRecovered& e) {
  if (!is_about_us(e.about) || state_ != State::degraded) return;
  enter(State::ready, because(Trigger::health_recovered));
  watch_idleness();
}

void Lifecycle::on(const HealthLost& e) {
  if (!is_about_us(e.about) || state_ != State::degraded) return;
  after_ = After::judge_failure;
  begin_ladder(because(Trigger::health_lost));
}

void Lifecycle::on(const TrafficChanged& e) {
  if (!is_about_us(e.about)) return;
  in_flight_ = e.in_flight;
  if (state_ == State::ready) watch_idleness();
  if (state_ == State::draining && in_flight_ == 0) begin_ladder(because(Trigger::drained));
}

void Lifecycle::on(const Exited& e) {
  if (!is_about_us(e.about) || exit_) return;
  exit_ = last_exit_ = e.status;
  lived_ = now_ - spawned_at_;
  switch (state_) {
    case State::starting:
    case State::ready:
    case State::degraded: {
      after_ = After::judge_exit;
      if (e.tree_is_empty) return gone(Trigger::exited);
      enter(State::stopping, because(Trigger::exited));
      return climb(Rung::term);
    }
    case State::draining:
      if (e.tree_is_empty) return gone(Trigger::exited);
      enter(State::stopping, because(Trigger::exited));
      return climb(Rung::term);
    case State::stopping:
      if (e.tree_is_empty) return gone(Trigger::gone);
      if (rung_ == Rung::eof) climb(Rung::term);
      return;
    case State::failed:
      if (e.tree_is_empty) gone(Trigger::gone);
      return;
    case State::stopped:
    case State::idle:
    case State::waiting:
    case State::backoff:
    case State::completed: return;
  }
}

void Lifecycle::on(const TreeEmptied& e) {
  if (!is_about_us(e.about)) return;
  if (state_ == State::stopping || state_ == State::failed) gone(Trigger::gone);
}

void Lifecycle::on(const DeadlineReached& e) {
  if (!deadline_ || deadline_->token != e.token) return;
  deadline_.reset();
  switch (state_) {
    case State::starting: return start_timeout_reached();
    case State::ready: {
      after_ = After::sleep;
      return begin_ladder(because(Trigger::went_idle));
    }
    case State::draining: return begin_ladder(because(Trigger::drain_timed_out));
    case State::stopping: return next_rung();
    case State::backoff: return await_admission(because(Trigger::backoff_elapsed));
    case State::failed: return await_admission(because(Trigger::retry_elapsed));
    case State::stopped:
    case State::idle:
    case State::waiting:
    case State::degraded:
    case State::completed: return;
  }
}

// ---- the way up ------------------------------------------------------------

void Lifecycle::await_admission(Why why) {
  enter(State::waiting, std::move(why));
  if (spec_.unusable.empty()) return;
  Why hopeless = because(Trigger::unusable);
  hopeless.message = spec_.unusable;
  hopeless.gave_up = GaveUp::not_worth_retrying;
  enter(State::failed, std::move(hopeless));
}

/// A server that still talks to stderr (a download, say) gets more time.
void Lifecycle::start_timeout_reached() {
  const Instant patience =
      std::min(last_progress_ + spec_.start_timeout, spawned_at_ + spec_.start_timeout_max);
  if (patience > now_) return arm(patience - now_);
  after_ = After::judge_failure;
  begin_ladder(because(Trigger::start_timed_out));
}

/// A lazy server that nobody uses goes back to sleep.
void Lifecycle::watch_idleness() {
  const bool may_sleep = spec_.startup == config::Startup::lazy && spec_.idle_stop.count() > 0;
  if (may_sleep && in_flight_ == 0) {
    arm(spec_.idle_stop);
  } else {
    disarm();
  }
}

// ---- the way down ----------------------------------------------------------

void Lifecycle::take_down(After after, Why why) {
  after_ = after;
  const bool serves = state_ == State::ready || state_ == State::degraded;
  if (!serves || in_flight_ == 0 || spec_.stop.drain.count() == 0) {
    return begin_ladder(std::move(why));
  }
  enter(State::draining, std::move(why));
  arm(spec_.stop.drain);
}

void Lifecycle::begin_ladder(Why why) {
  enter(State::stopping, std::move(why));
  const bool has_eof = spec_.has_stdin && spec_.stop.eof.count() > 0;
  climb(has_eof ? Rung::eof : Rung::term);
}

void Lifecycle::climb(Rung rung) {
  rung_ = rung;
  switch (rung) {
    case Rung::eof: actions_.emplace_back(CloseStdin{incarnation_}); return arm(spec_.stop.eof);
    case Rung::term:
      if (spec_.stop.term.count() == 0) return climb(Rung::kill);
      if (spec_.has_stdin) actions_.emplace_back(CloseStdin{incarnation_});
      actions_.emplace_back(SignalTree{incarnation_, spec_.stop.signal});
      return arm(spec_.stop.term);
    case Rung::kill: actions_.emplace_back(KillTree{incarnation_}); return arm(verify_time);
  }
}

void Lifecycle::next_rung() {
  switch (rung_) {
    case Rung::eof: return climb(Rung::term);
    case Rung::term: return climb(Rung::kill);
    case Rung::kill: survivor_ = true; return enter(State::failed, because(Trigger::survived));
  }
}

/// Nothing of this incarnation is alive any more: where to now?
void Lifecycle::gone(Trigger trigger) {
  const bool survivor_died = std::exchange(survivor_, false);
  Why why = because(trigger);
  // An exit that we brought about is told by its cause; any other by itself.
  why.root = trigger == Trigger::exited ? Trigger::exited : why_.root;
  why.motive = why_.motive;

  if (goal_ == Goal::down) return enter(State::stopped, std::move(why));
  if (survivor_died || state_ == State::draining) return await_admission(std::move(why));
  switch (after_) {
    case After::start_again: return await_admission(std::move(why));
    case After::sleep: return enter(State::idle, std::move(why));
    case After::judge_failure: return judge_failure(std::move(why));
    case After::judge_exit: return judge_exit(std::move(why));
  }
}

/// The server ended by itself: as it was meant to, or a failure?
void Lifecycle::judge_exit(Why why) {
  const bool success =
      exit_ && exit_->signal == 0 && contains(spec_.success_exit_codes, exit_->code);
  const bool no_retry =
      exit_ && exit_->signal == 0 && contains(spec_.no_restart_exit_codes, exit_->code);
  switch (spec_.restart) {
    case config::RestartPolicy::never:
      if (success) return enter(State::completed, std::move(why));
      return give_up(GaveUp::policy, std::move(why));
    case config::RestartPolicy::on_failure:
      if (success) return enter(State::completed, std::move(why));
      break;
    case config::RestartPolicy::always:
    case config::RestartPolicy::unless_stopped: break;
  }
  if (no_retry) return give_up(GaveUp::not_worth_retrying, std::move(why));
  judge_failure(std::move(why));
}

void Lifecycle::judge_failure(Why why) {
  if (spec_.restart == config::RestartPolicy::never) return give_up(GaveUp::policy, std::move(why));
  std::optional<Duration> ready_for;
  if (ready_at_) ready_for = now_ - *ready_at_;
  const auto verdict = judge_.judge(spec_.backoff, spec_.crash_loop, now_, ready_for, rng_);
  why.failures = verdict.failures;
  if (!verdict.delay) return give_up(GaveUp::crash_loop, std::move(why));
  why.delay = *verdict.delay;
  enter(State::backoff, std::move(why));
  arm(*verdict.delay);
}

void Lifecycle::give_up(GaveUp reason, Why why) {
  why.gave_up = reason;
  why.failures = judge_.failures();
  judge_.put_on_parole();
  const bool retries = reason != GaveUp::policy && spec_.crash_loop.retry.count() > 0;
  why.delay = retries ? spec_.crash_loop.retry : Duration{0};
  const Duration delay = why.delay;
  enter(State::failed, std::move(why));
  if (retries) arm(delay);
}

// ---- bookkeeping -----------------------------------------------------------

void Lifecycle::enter(State next, Why why) {
  MCPCTL_ASSERT(is_allowed({state_, why.trigger, next}));
  const bool was_probed =
      state_ == State::starting || state_ == State::ready || state_ == State::degraded;
  const bool is_probed = next == State::ready || next == State::degraded;
  if (was_probed && !is_probed) actions_.emplace_back(LeaveAlone{incarnation_});
  disarm();
  actions_.emplace_back(Announce{state_, next, why});
  state_ = next;
  since_ = now_;
  why_ = std::move(why);
}

void Lifecycle::arm(Duration delay) {
  ++last_token_.value;
  deadline_ = Deadline{last_token_, now_ + delay};
}

void Lifecycle::disarm() { deadline_.reset(); }

Why Lifecycle::because(Trigger trigger, Motive motive) const {
  Why why;
  why.trigger = trigger;
  why.root = trigger;
  why.motive = motive;
  if (exit_) {
    why.has_exit = true;
    why.exit = *exit_;
    why.lived = lived_;
  }
  return why;
}

}  // namespace mcpctl::supervisor
