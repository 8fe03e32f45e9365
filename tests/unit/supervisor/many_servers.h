// A fleet for tests: one speaks of its servers by name, on a clock that only the test moves.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/fleet.h"

namespace mcpctl::supervisor::testing {

using namespace std::chrono_literals;

class TestFleet {
 public:
  explicit TestFleet(unsigned slots = 8) : fleet_(slots, 1) {}

  void has(const std::string& name, std::vector<config::Dependency> depends_on = {},
           Spec spec = {}) {
    spec.no_restart_exit_codes = {78};
    fleet_.add(name, std::move(spec), std::move(depends_on));
  }
  void has_lazy(const std::string& name, std::vector<config::Dependency> depends_on = {}) {
    Spec spec;
    spec.startup = config::Startup::lazy;
    spec.idle_stop = 10min;
    has(name, std::move(depends_on), spec);
  }

  void enables(std::initializer_list<std::string> names) {
    for (const auto& name : names) did(fleet_.enable(id(name), now_));
  }
  void starts(const std::string& name) { did(fleet_.start(id(name), now_)); }
  void stops(const std::string& name) { did(fleet_.stop(id(name), now_)); }
  void restarts(const std::string& name, Motive motive = Motive::operator_request) {
    did(fleet_.restart(id(name), now_, {motive, {}}));
  }
  void removes(const std::string& name) { did(fleet_.remove(id(name), now_)); }
  void demands(const std::string& name) { did(fleet_.demand(id(name), now_)); }
  void reconfigures(const std::string& name, std::vector<config::Dependency> depends_on = {},
                    bool with_restart = false) {
    const Spec spec = fleet_.find(id(name))->life.spec();
    did(fleet_.reconfigure(id(name), spec, std::move(depends_on), true, with_restart, now_));
  }
  /// Its successor, of the name `NAME~1`, is on its way.
  void replaces(const std::string& name, std::vector<config::Dependency> depends_on = {}) {
    Spec spec = fleet_.find(id(name))->life.spec();
    const ServerId next =
        fleet_.add_successor(id(name), name + "~1", std::move(spec), std::move(depends_on), true);
    did(fleet_.start(next, now_, Motive::succession));
  }
  void widens(unsigned slots) { did(fleet_.set_max_concurrent_starts(slots, now_)); }
  void stops_all(Duration deadline = 8s) { did(fleet_.stop_all(deadline, now_)); }
  void kills_all() { did(fleet_.kill_all(now_)); }

  void spawns(const std::string& name) { tell(name, Spawned{incarnation(name)}); }
  void becomes_ready(const std::string& name) {
    spawns(name);
    tell(name, ReadinessProven{incarnation(name)});
  }
  void has_in_flight(const std::string& name, unsigned count) {
    tell(name, TrafficChanged{incarnation(name), count});
  }
  void exits(const std::string& name, int code = 0) {
    tell(name, Exited{incarnation(name), {code, 0, false, false}, true});
  }
  void lets_deadline_pass(const std::string& name) {
    const auto armed = std::ranges::find(armed_, id(name), &Armed::server);
    REQUIRE(armed != armed_.end());
    now_ = std::max(now_, armed->at);
    tell(name, DeadlineReached{armed->token});
  }

  State state(const std::string& name) const { return life(name).state(); }
  Goal goal(const std::string& name) const { return life(name).goal(); }
  const Why& why(const std::string& name) const { return life(name).why(); }
  bool has_deadline(const std::string& name) const { return life(name).deadline().has_value(); }
  std::string waits_for(const std::string& name) const { return fleet_.waits_for(id(name)); }
  bool knows(const std::string& name) const { return fleet_.find(name).has_value(); }
  const Fleet& fleet() const { return fleet_; }

  std::uint32_t number(const std::string& name) const { return incarnation(name).value; }
  /// Since the start.
  int times_succeeded() const { return times_succeeded_; }
  const std::vector<SuccessionFailed>& failures() const { return failures_; }

  int times_stopped() const { return times_stopped_; }
  std::optional<Duration> deadline() const { return deadline_; }

 private:
  struct Armed {
    ServerId server;
    DeadlineToken token;
    Instant at;
  };

  ServerId id(const std::string& name) const { return fleet_.find(name).value(); }
  const Lifecycle& life(const std::string& name) const { return fleet_.find(id(name))->life; }
  Incarnation incarnation(const std::string& name) const { return life(name).incarnation(); }
  void tell(const std::string& name, const Event& event) {
    did(fleet_.deliver(id(name), event, now_));
  }
  void did(const FleetActions& actions) {
    for (const FleetAction& action : actions) {
      if (std::holds_alternative<FleetStopped>(action)) ++times_stopped_;
      if (std::holds_alternative<Succeeded>(action)) ++times_succeeded_;
      if (const auto* failed = std::get_if<SuccessionFailed>(&action)) {
        failures_.push_back(*failed);
      }
      if (const auto* fleets = std::get_if<ArmFleetDeadline>(&action))
        deadline_ = fleets->at - now_;
      const auto* of_server = std::get_if<ServerAction>(&action);
      if (of_server == nullptr) continue;
      if (const auto* arm = std::get_if<ArmDeadline>(&of_server->action)) {
        std::erase_if(armed_, [&](const Armed& a) { return a.server == of_server->server; });
        armed_.push_back({of_server->server, arm->token, arm->at});
      }
    }
  }

  Fleet fleet_;
  Instant now_{1h};
  std::vector<Armed> armed_;
  std::optional<Duration> deadline_;
  int times_stopped_{0};
  int times_succeeded_{0};
  std::vector<SuccessionFailed> failures_;
};

}  // namespace mcpctl::supervisor::testing
