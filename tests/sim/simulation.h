// One seed's run: a fleet, its world, its operators and its referee.  First a phase
// in which everything that can go wrong does, at random (safety: no invariant breaks),
// then one without faults (liveness: what is becomes what is wanted, and a stop ends).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agenda.h"
#include "base/rng.h"
#include "referee.h"
#include "supervisor/fleet.h"
#include "trace.h"
#include "world.h"

namespace mcpctl::sim {

struct Outcome {
  std::uint64_t digest{0};
  Coverage coverage;
  std::uint64_t calls{0};  ///< into the fleet
  std::optional<std::string> violation;
  std::vector<std::string> trace;  ///< if asked for
};

Outcome simulate(std::uint64_t seed, bool keeps_text = false);

class Simulation {
 public:
  Simulation(std::uint64_t seed, bool keeps_text);
  /// Throws Violation.
  void run();

  const Trace& trace() const { return trace_; }
  const Coverage& coverage() const { return referee_.coverage(); }
  std::uint64_t calls() const { return calls_; }

 private:
  void happen(const Item& item);
  void deadline_passes(const Item& item);
  void echo(const Item& item);
  void operate();
  void add_server();
  void replace(ServerId id);
  void reload(ServerId id);
  void restart_for_a_reason(ServerId id);
  void run_until_quiet(Duration at_most);

  template <typename Function>
  void call(Call::Kind kind, ServerId server, Function&& function);
  void deliver(ServerId id, const supervisor::Event& event, Call::Kind kind);
  void perform(const supervisor::FleetAction& action);
  void perform(ServerId id, const supervisor::Action& action);
  void write_down(const Call& call, std::string_view what);
  void write_down(const supervisor::FleetAction& action);
  std::optional<ServerId> draw_server();

  Trace trace_;
  Rng rng_;
  unsigned slots_;
  Instant now_;
  Agenda agenda_;
  supervisor::Fleet fleet_;
  World world_;
  Referee referee_;
  bool calm_{false};
  bool stopping_all_{false};
  std::uint64_t calls_{0};
  std::map<ServerId, DeadlineToken> armed_;
  struct Heard {
    ServerId server;
    supervisor::Event event;
  };
  std::vector<Heard> heard_;  ///< what an echo repeats
};

}  // namespace mcpctl::sim
