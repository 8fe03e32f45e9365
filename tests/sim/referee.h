// Holds every call into the fleet, and every action that comes back, against the
// promises of the core.  Keeps a shadow of its own, built from the announcements
// alone, so that the core is never asked to confirm itself.
#pragma once
#include <bitset>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/fleet.h"
#include "trace.h"
#include "world.h"

namespace mcpctl::sim {

/// Bound on the edges of the transition table.
using Coverage = std::bitset<128>;

/// One call into the fleet.
struct Call {
  enum class Kind {
    event,  ///< something happened; no goal may change
    stale,  ///< a duplicate, or late: nothing at all may follow
    enable,
    start,
    stop,
    restart,
    restart_if_wanted,  ///< over its memory limit, its files changed
    reset,
    demand,
    kill,
    reconfigure,          ///< in place
    reconfigure_restart,  ///< with a restart of what is wanted
    remove,
    set_slots,
    stop_all,
    kill_all,
  };
  Kind kind;
  ServerId server;
};

class Referee {
 public:
  Referee(const supervisor::Fleet& fleet, const World& world, unsigned slots)
      : fleet_(fleet), world_(world), slots_(slots) {}

  void joined(ServerId server, std::string name, std::vector<config::Dependency> depends_on);
  /// As joined(): to take the place of `predecessor`.
  void joined_to_succeed(ServerId predecessor, ServerId server, std::string name,
                         std::vector<config::Dependency> depends_on);
  /// Before the call: what the operator now asks for.
  void begin(const Call& call, Instant now);
  void reconfigured(ServerId server, std::vector<config::Dependency> depends_on);
  /// What the shell tells the core in the call that began.
  void heard(ServerId server, const supervisor::Event& event);
  void set_slots(unsigned slots) { slots_ = slots; }
  /// In the order in which the fleet returned them, each before it is performed.
  void see(const supervisor::FleetAction& action);
  void end();

  /// With all faults over and all quiet, what is must be what is wanted.
  void check_agreement() const;
  /// After the fleet was stopped and all is quiet.
  void check_nothing_is_left() const;

  bool stopped_was_told() const { return stopped_told_at_.has_value(); }
  supervisor::State state(ServerId server) const { return shadows_.at(server).state; }
  bool is_leaving(ServerId server) const;
  const Coverage& coverage() const { return coverage_; }

 private:
  enum class Rung { none, eof, term, kill };
  struct Shadow {
    ServerId id;
    std::string name;
    std::vector<config::Dependency> depends_on;
    supervisor::State state{supervisor::State::stopped};
    supervisor::Goal goal{supervisor::Goal::down};
    bool leaving{false};
    supervisor::Why why;
    Instant since;
    Incarnation incarnation;
    std::uint32_t last_number{0};  ///< of an incarnation, its predecessors' included
    ServerId succeeds{};           ///< whom, as soon as it is ready
    bool proving{false};
    bool watched{false};
    bool exit_told{false};
    bool has_stdin{true};
    Duration ready_for{0};  ///< of this incarnation
    bool survivor{false};
    bool born_late{false};    ///< spawned when it was already to end
    bool forced{false};       ///< SIGKILL was asked for
    bool wanted_anew{false};  ///< an intent since the spawn asks for another process
    Rung rung{Rung::none};
    Instant rung_ends;  ///< the grace of the rung it stands on
    std::optional<supervisor::ArmDeadline> armed;
    DeadlineToken armed_on_entry;
    bool moved{false};            ///< in this call
    bool touched{false};          ///< in this call
    bool drained{false};          ///< was told to go before it went
    bool demanded{false};         ///< a request came while it was going down
    std::vector<Instant> judged;  ///< restarts after counted failures, unforgiven
    bool on_parole{false};        ///< gave up fast retries, unforgiven

    void forgive() {
      judged.clear();
      on_parole = false;
    }
  };

  void succeeded(const supervisor::Succeeded& action);
  void succession_failed(const supervisor::SuccessionFailed& action);
  void on(Shadow& shadow, const supervisor::Spawn& action);
  void on(Shadow& shadow, const supervisor::ProveReadiness& action);
  void on(Shadow& shadow, const supervisor::WatchHealth& action);
  void on(Shadow& shadow, const supervisor::LeaveAlone& action);
  void on(Shadow& shadow, const supervisor::CloseStdin& action);
  void on(Shadow& shadow, const supervisor::SignalTree& action);
  void on(Shadow& shadow, const supervisor::KillTree& action);
  void on(Shadow& shadow, const supervisor::ArmDeadline& action);
  void on(Shadow& shadow, const supervisor::DisarmDeadline& action);
  void on(Shadow& shadow, const supervisor::Announce& action);
  void admitted(const Shadow& shadow) const;
  void restarting(Shadow& shadow, const supervisor::Announce& action) const;
  void judged(Shadow& shadow, const supervisor::Announce& action) const;
  void falling_asleep(const Shadow& shadow) const;
  void stopping_with_fleet(const Shadow& shadow) const;

  void check(const Shadow& shadow, const supervisor::Fleet::Member& member) const;
  void check_deadline(const Shadow& shadow, const supervisor::Lifecycle& life) const;
  void check_goal(const Shadow& shadow, const supervisor::Lifecycle& life) const;
  void check_nobody_waits_in_vain() const;
  const Shadow* by_name(const std::string& name) const;
  bool is_satisfied(const config::Dependency& dependency) const;
  bool may_rest(const Shadow& shadow, const supervisor::Lifecycle& life) const;
  bool may_wait(const Shadow& shadow) const;
  const supervisor::Spec& spec(ServerId id) const { return fleet_.find(id)->life.spec(); }
  [[noreturn]] void broken(const Shadow& shadow, const std::string& what) const;

  const supervisor::Fleet& fleet_;
  const World& world_;
  unsigned slots_;
  std::map<ServerId, Shadow> shadows_;
  Call call_{};
  bool acted_{false};
  Instant now_;
  std::optional<Instant> stopping_all_since_;
  std::optional<Instant> fleet_deadline_;
  bool killed_all_{false};
  std::optional<Instant> stopped_told_at_;
  Coverage coverage_;
};

}  // namespace mcpctl::sim
