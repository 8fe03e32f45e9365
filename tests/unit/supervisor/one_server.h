// One server's machine with a clock that only the test moves: verbs that read like
// what happens to a server, and questions about what was asked of the shell.  Speaks
// for the process, too; `the_previous` events come from the incarnation before.
#pragma once
#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "supervisor/lifecycle.h"

namespace mcpctl::supervisor {

using namespace std::chrono_literals;

class OneServer {
 public:
  explicit OneServer(Spec spec = {}) : life_(std::move(spec), 1) {}

  // What is wanted of it.
  void is_enabled() { feed(Enabled{}); }
  void is_started() { feed(StartRequested{}); }
  void is_stopped() { feed(StopRequested{}); }
  void is_restarted(Motive motive = Motive::operator_request, std::string what = {}) {
    feed(RestartRequested{motive, std::move(what)});
  }
  void is_killed() { feed(KillRequested{}); }
  void is_reset() { feed(ResetRequested{}); }
  void is_demanded() { feed(Demanded{}); }
  void is_needed(bool by_dependents) { feed(DependentsChanged{by_dependents}); }
  void is_reconfigured(Spec spec) { feed(Reconfigured{std::move(spec)}); }
  void is_admitted() { feed(Admitted{}); }

  // What its process does.
  void is_spawned() { feed(Spawned{current()}); }
  void cannot_be_spawned() { feed(SpawnFailed{current(), "No such file or directory", false}); }
  void cannot_be_spawned_now() { feed(SpawnFailed{current(), "Cannot allocate memory", true}); }
  void proves_ready() { feed(ReadinessProven{current()}); }
  void says_something() { feed(Progressed{current()}); }
  void health_fails() { feed(HealthFailing{current()}); }
  void health_recovers() { feed(HealthRecovered{current()}); }
  void health_is_lost() { feed(HealthLost{current()}); }
  void has_in_flight(unsigned requests) { feed(TrafficChanged{current(), requests}); }
  void exits(int code = 0) { feed(Exited{current(), {code, 0, false, false}, true}); }
  void crashes() { feed(Exited{current(), {0, SIGSEGV, true, false}, true}); }
  void leader_exits(int code = 0) { feed(Exited{current(), {code, 0, false, false}, false}); }
  void last_straggler_dies() { feed(TreeEmptied{current()}); }
  void receives(const Event& event) { feed(event); }

  // Several of these at once.
  void starts_up() {
    if (state() == State::stopped || state() == State::idle) is_started();
    if (state() == State::waiting) is_admitted();
    is_spawned();
  }
  void runs() {
    starts_up();
    proves_ready();
  }
  void crashes_and_waits_out_its_backoff() {
    crashes();
    deadline_passes();
    is_admitted();
    is_spawned();
  }

  /// Moves the clock; a deadline that falls due on the way is delivered.
  void advance(Duration duration) {
    const Instant until = now_ + duration;
    asked_.clear();
    while (armed_ && armed_->at <= until) {
      now_ = armed_->at;
      const DeadlineToken token = armed_->token;
      step(DeadlineReached{token});
    }
    now_ = until;
  }
  /// Moves the clock to the armed deadline and delivers it.
  void deadline_passes() { advance(life_.deadline().value() - now_); }

  const Lifecycle& life() const { return life_; }
  State state() const { return life_.state(); }
  const Why& why() const { return life_.why(); }
  Incarnation current() const { return life_.incarnation(); }
  /// Until the armed deadline.
  Duration waits() const { return life_.deadline().value() - now_; }
  bool has_deadline() const { return life_.deadline().has_value(); }
  DeadlineToken token() const { return armed_ ? armed_->token : DeadlineToken{}; }

  /// How often the last verb asked for such an action.
  template <typename Asked>
  std::ptrdiff_t asked() const {
    return std::ranges::count_if(
        asked_, [](const Action& action) { return std::holds_alternative<Asked>(action); });
  }
  bool asked_nothing() const { return asked_.empty(); }

 private:
  void feed(const Event& event) {
    asked_.clear();
    step(event);
  }
  void step(const Event& event) {
    for (Action& action : life_.step(event, now_)) {
      if (const auto* arm = std::get_if<ArmDeadline>(&action)) armed_ = *arm;
      if (std::holds_alternative<DisarmDeadline>(action)) armed_.reset();
      asked_.push_back(std::move(action));
    }
  }

  Lifecycle life_;
  Instant now_{1h};
  std::optional<ArmDeadline> armed_;
  std::vector<Action> asked_;
};

}  // namespace mcpctl::supervisor
