// The life of one supervised server, as a pure state machine: step() takes an
// event and the time, changes the machine, and returns what the shell must do.
// No I/O, no clock, no logging; chance comes from the seed alone.
//
// How to read it.  `goal` is what is wanted (up or down), `state` is what is
// (supervisor/state.h), and the two are independent: an intent only sets the goal
// and gives the state a push, and whatever happens later asks the goal where to
// go next.  So the last intent wins, whenever it comes, and no command is ever
// refused or lost.
//
//   up:    stopped -> waiting -> starting -> ready <-> degraded
//   ends:  exit or lost health -> backoff -> waiting …, or failed, or completed
//   down:  (draining ->) stopping -> stopped
//
// A process exists in starting, ready, degraded, draining and stopping, and at
// no other time, save for a survivor of SIGKILL, which `failed` names and watches.
// Leaving these states needs the proof that the whole tree is gone, not only its
// leader: that is what keeps two incarnations from ever living at once.
//
// The stop ladder has three rungs: close stdin, signal the tree, SIGKILL the tree.
// Each has its time; the machine leaves the moment the tree is empty, and climbs
// early when the leader is gone and only stragglers are left.  `after_` remembers
// why it went down (to stay down, to come back, to be judged as a failure, to
// sleep), but an operator's later wish overrides it.
//
// Two rules exclude the classic races.  Events about a process carry its
// incarnation, and those about another one are dropped in the first line.  At
// most one deadline is armed, it belongs to the state that armed it, and entering
// a state disarms it; a deadline that fires late is known by its token.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/rng.h"
#include "supervisor/backoff.h"
#include "supervisor/events.h"

namespace mcpctl::supervisor {

class Lifecycle {
 public:
  /// Starts `stopped` with goal down.  `seed` feeds the jitter.
  Lifecycle(Spec spec, std::uint64_t seed);

  /// Feeds one event.  Never throws, never blocks, never re-entered.  `now` must
  /// not run backwards.
  std::vector<Action> step(const Event& event, Instant now);

  /// Counts incarnations and restarts on from where `predecessor` is, whose place it takes.
  void succeed(const Lifecycle& predecessor);

  State state() const { return state_; }
  Goal goal() const { return goal_; }
  Incarnation incarnation() const { return incarnation_; }
  const Why& why() const { return why_; }
  const Spec& spec() const { return spec_; }
  /// When the current state was entered.
  Instant since() const { return since_; }
  /// When the current (or last) process was spawned.
  Instant spawned_at() const { return spawned_at_; }
  /// What the armed deadline will do is told by the state; unset: none is armed.
  std::optional<Instant> deadline() const;
  /// Starts that nobody asked for: after a backoff or a slow retry.
  unsigned restarts() const { return restarts_; }
  /// The last exit of a process of this server, if there was one.
  const std::optional<ExitStatus>& last_exit() const { return last_exit_; }

  /// True while a process of this server may be alive.
  bool has_process() const;

 private:
  enum class Rung { eof, term, kill };
  /// What follows once the tree is gone, if the goal is up by then.
  enum class After { start_again, judge_failure, judge_exit, sleep };

  void on(const Enabled&);
  void on(const StartRequested&);
  void on(const StopRequested&);
  void on(const RestartRequested&);
  void on(const KillRequested&);
  void on(const ResetRequested&);
  void on(const Demanded&);
  void on(const DependentsChanged&);
  void on(const Reconfigured&);
  void on(const Admitted&);
  void on(const Spawned&);
  void on(const SpawnFailed&);
  void on(const ReadinessProven&);
  void on(const Progressed&);
  void on(const HealthFailing&);
  void on(const HealthRecovered&);
  void on(const HealthLost&);
  void on(const TrafficChanged&);
  void on(const Exited&);
  void on(const TreeEmptied&);
  void on(const DeadlineReached&);

  bool is_about_us(Incarnation about) const { return about == incarnation_ && has_process(); }

  void enter(State next, Why why);
  void await_admission(Why why);
  void refuse_unusable();
  void start_timeout_reached();
  void take_down(After after, Why why);
  void begin_ladder(Why why);
  void climb(Rung rung);
  void next_rung();
  void gone(Trigger trigger);
  void judge_failure(Why why);
  void judge_exit(Why why);
  void give_up(GaveUp reason, Why why);
  bool may_sleep() const;
  void watch_idleness();
  std::optional<Duration> ready_for() const;
  /// Nothing is asked of a process before the shell has said that there is one.
  void ask(const auto& action) {
    if (spawned_) actions_.emplace_back(action);
  }
  void arm(Duration delay);
  void disarm();
  Why because(Trigger trigger, Motive motive = Motive::none) const;

  Spec spec_;
  Rng rng_;
  RestartJudge judge_;

  State state_{State::stopped};
  Goal goal_{Goal::down};
  Why why_;
  Rung rung_{Rung::eof};
  After after_{After::start_again};
  bool survivor_{false};  ///< `failed`, but something outlived SIGKILL
  Incarnation incarnation_;
  std::uint32_t last_incarnation_{0};  ///< number given, if only to a predecessor
  unsigned in_flight_{0};
  bool dependents_need_it_{false};
  unsigned restarts_{0};
  Instant since_;
  Instant spawned_at_;
  Instant last_progress_;
  bool has_stdin_{true};  ///< of this incarnation; a reload may say otherwise of the next
  bool spawned_{false};   ///< the shell has answered for this incarnation
  /// Time in `ready` of this incarnation, up to when `ready` was last left; unset: never.
  std::optional<Duration> ready_for_;
  std::optional<ExitStatus> exit_;  ///< of this incarnation
  Duration lived_{0};               ///< spawn to exit, if exit_
  std::optional<ExitStatus> last_exit_;

  struct Deadline {
    DeadlineToken token;
    Instant at;
  };
  std::optional<Deadline> deadline_;
  DeadlineToken last_token_;

  Instant now_;                  ///< of the current step
  std::vector<Action> actions_;  ///< of the current step
};

}  // namespace mcpctl::supervisor
