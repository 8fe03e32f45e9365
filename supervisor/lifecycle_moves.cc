// How a machine moves: the way up, the stop ladder, the verdict once all is gone.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "supervisor/lifecycle.h"
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

// ---- the way up ------------------------------------------------------------

void Lifecycle::await_admission(Why why) {
  enter(State::waiting, std::move(why));
  refuse_unusable();
}

void Lifecycle::refuse_unusable() {
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

/// An unusable one is shown as failed instead.
bool Lifecycle::may_sleep() const {
  return spec_.startup == config::Startup::lazy && spec_.unusable.empty();
}

/// A lazy server that nobody uses goes back to sleep.
void Lifecycle::watch_idleness() {
  const bool is_used = in_flight_ > 0 || dependents_need_it_;
  if (may_sleep() && spec_.idle_stop.count() > 0 && !is_used) {
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
  const bool has_eof = has_stdin_ && spec_.stop.eof.count() > 0;
  climb(has_eof ? Rung::eof : Rung::term);
}

void Lifecycle::climb(Rung rung) {
  rung_ = rung;
  switch (rung) {
    case Rung::eof: ask(CloseStdin{incarnation_}); return arm(spec_.stop.eof);
    case Rung::term:
      if (spec_.stop.term.count() == 0) return climb(Rung::kill);
      if (has_stdin_) ask(CloseStdin{incarnation_});
      ask(SignalTree{incarnation_, spec_.stop.signal});
      return arm(spec_.stop.term);
    case Rung::kill: ask(KillTree{incarnation_}); return arm(verify_time);
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
  survivor_ = false;
  Why why = because(trigger);
  // An exit that we brought about is told by its cause; any other by itself.
  why.root = trigger == Trigger::exited ? Trigger::exited : why_.root;
  why.motive = why_.motive;
  if (why.root == Trigger::restart_requested) why.message = why_.message;

  if (goal_ == Goal::down) return enter(State::stopped, std::move(why));
  switch (after_) {
    case After::start_again: return await_admission(std::move(why));
    case After::sleep:
      if (!may_sleep()) return await_admission(std::move(why));  // reconfigured meanwhile
      return enter(State::idle, std::move(why));
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
  const auto verdict = judge_.judge(spec_.backoff, spec_.crash_loop, now_, ready_for(), rng_);
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
  if (was_probed && !is_probed) ask(LeaveAlone{incarnation_});
  ready_for_ = ready_for();
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

std::optional<Duration> Lifecycle::ready_for() const {
  if (state_ != State::ready) return ready_for_;
  return *ready_for_ + (now_ - since_);
}

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
