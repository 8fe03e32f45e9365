// What a machine does with each event; the moves themselves stand in lifecycle_moves.cc.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/assert.h"
#include "supervisor/lifecycle.h"

namespace mcpctl::supervisor {

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

void Lifecycle::succeed(const Lifecycle& predecessor) {
  last_incarnation_ = std::max(last_incarnation_, predecessor.last_incarnation_);
  restarts_ = predecessor.restarts_;
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
  if (std::exchange(goal_, Goal::up) == Goal::up) return;
  if (state_ != State::stopped) {  // on its way down
    after_ = may_sleep() ? After::sleep : After::start_again;
    return;
  }
  if (may_sleep()) return enter(State::idle, because(Trigger::enabled));
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
      after_ = After::start_again;
      if (survivor_) return;  // once the survivor is gone
      return await_admission(because(Trigger::start_requested, e.motive));
    case State::draining:
    case State::stopping:
      judge_.forgive();
      after_ = After::start_again;
      return;
    case State::waiting:
    case State::starting:
    case State::ready:
    case State::degraded: return;
  }
}

void Lifecycle::on(const StopRequested& e) {
  goal_ = Goal::down;
  judge_.forgive();
  switch (state_) {
    case State::failed:
      if (survivor_) return;
      [[fallthrough]];
    case State::idle:
    case State::waiting:
    case State::backoff:
    case State::completed: return enter(State::stopped, because(Trigger::stop_requested, e.motive));
    case State::starting:
    case State::ready:
    case State::degraded:
      return take_down(After::start_again, because(Trigger::stop_requested, e.motive));
    case State::stopped:
    case State::draining:
    case State::stopping: return;
  }
}

void Lifecycle::on(const RestartRequested& e) {
  const bool by_operator = e.motive == Motive::operator_request;
  if (!by_operator && (goal_ == Goal::down || state_ == State::idle)) return;
  Why why = because(Trigger::restart_requested, e.motive);
  why.message = e.what;
  if (e.motive == Motive::memory_limit) {
    const bool lives_on =
        state_ == State::starting || state_ == State::ready || state_ == State::degraded;
    if (lives_on) take_down(After::judge_failure, why);
    return;
  }
  goal_ = Goal::up;
  judge_.forgive();
  switch (state_) {
    case State::failed:
      after_ = After::start_again;
      if (survivor_) return;  // once the survivor is gone
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
      if (survivor_) ask(KillTree{incarnation_});
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
  if (survivor_) after_ = After::start_again;  // once the survivor is gone
  const bool waits_in_vain =
      state_ == State::backoff || (state_ == State::failed && !survivor_ && goal_ == Goal::up);
  if (waits_in_vain) await_admission(because(Trigger::reset_requested));
}

void Lifecycle::on(const Demanded&) {
  if (after_ == After::sleep) after_ = After::start_again;  // it was just falling asleep
  if (state_ == State::idle) await_admission(because(Trigger::demanded));
}

void Lifecycle::on(const DependentsChanged& e) {
  const bool changed = std::exchange(dependents_need_it_, e.need_it) != e.need_it;
  if (changed && state_ == State::ready) watch_idleness();
}

void Lifecycle::on(const Reconfigured& e) {
  spec_ = e.spec;
  if (state_ == State::ready) return watch_idleness();
  if (state_ == State::waiting) return refuse_unusable();
  if (state_ == State::idle && !may_sleep()) await_admission(because(Trigger::enabled));
}

// ---- what happened ---------------------------------------------------------

void Lifecycle::on(const Admitted&) {
  if (state_ != State::waiting) return;
  incarnation_.value = ++last_incarnation_;
  const bool nobody_asked =
      why_.trigger == Trigger::backoff_elapsed || why_.trigger == Trigger::retry_elapsed;
  if (nobody_asked) ++restarts_;
  spawned_at_ = last_progress_ = now_;
  has_stdin_ = spec_.has_stdin;
  spawned_ = false;
  ready_for_.reset();
  exit_.reset();
  in_flight_ = 0;
  enter(State::starting, because(Trigger::admitted));
  actions_.emplace_back(Spawn{incarnation_});
  arm(spec_.start_timeout);
}

void Lifecycle::on(const Spawned& e) {
  if (!is_about_us(e.about) || std::exchange(spawned_, true)) return;
  if (state_ == State::starting) return ask(ProveReadiness{incarnation_});
  // It is to end already: now there is somebody to tell, and a grace to give.
  const bool to_kill = state_ == State::failed || rung_ == Rung::kill;
  to_kill ? ask(KillTree{incarnation_}) : climb(rung_);
}

void Lifecycle::on(const SpawnFailed& e) {
  if (!is_about_us(e.about)) return;
  if (state_ != State::starting) return gone(Trigger::gone);
  Why why = because(Trigger::spawn_failed);
  why.message = e.message;
  why.shell_code = e.shell_code;
  if (!e.mends_itself) return give_up(GaveUp::not_worth_retrying, std::move(why));
  why.delay = judge_.delay_uncounted(spec_.backoff, rng_);
  const Duration delay = why.delay;
  enter(State::backoff, std::move(why));
  arm(delay);
}

void Lifecycle::on(const ReadinessProven& e) {
  if (!is_about_us(e.about) || state_ != State::starting) return;
  ready_for_ = Duration{0};
  enter(State::ready, because(Trigger::readiness_proven));
  ask(WatchHealth{incarnation_});
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

}  // namespace mcpctl::supervisor
