// The machine under the simulated supervisor: processes that are born, hang, crash,
// ignore what they are told and leave stragglers, and the shell that reports it.
// Knows nothing of policy: it does what the core's actions say and what each
// process's temper makes of it.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "agenda.h"
#include "base/rng.h"
#include "chance.h"
#include "supervisor/events.h"
#include "trace.h"

namespace mcpctl::sim {

class World {
 public:
  World(Rng& rng, Agenda& agenda) : rng_(rng), agenda_(agenda) {}

  // What the core asks for.
  void spawn(ServerId server, Incarnation as, const Temper& temper, bool job, Instant now);
  void prove_readiness(ServerId server, Instant now);
  void watch_health(ServerId server, Instant now);
  void leave_alone(ServerId server);
  void close_stdin(ServerId server, Instant now);
  void signal_tree(ServerId server, Instant now);
  void kill_tree(ServerId server, Instant now);
  /// Requests in flight finish, sooner or later.
  void drain(ServerId server, Instant now);

  /// Lets something happen to a process; what the shell has to tell of it, if anything.
  std::optional<supervisor::Event> happen(const Item& item);

  /// From now on nothing fails any more, and what hung in the air comes down.
  void end_faults(Instant now);

  /// A process of this server exists, or is being made.
  bool has_process(ServerId server) const;
  bool has_answered_spawn(ServerId server) const;

 private:
  enum class Leader { unborn, alive, dead, never };
  struct Process {
    Incarnation incarnation;
    Temper temper;
    bool job{false};
    Leader leader{Leader::unborn};
    supervisor::ExitStatus status;
    bool exit_told{false};
    bool kill_asked{false};
    bool proving{false};
    bool watched{false};
    bool hanging{false};
    unsigned polite{0};
    unsigned stubborn{0};
    unsigned in_flight{0};
    unsigned requests_left{0};
  };

  void plan(ServerId server, const Process& process, Instant at, What what,
            std::uint64_t number = 0);
  std::optional<supervisor::Event> answer_spawn(ServerId server, Process& process, Instant now);
  void end_leader(ServerId server, Process& process, supervisor::ExitStatus status, Instant now);
  void note_emptied(ServerId server, const Process& process, Instant now);

  Rng& rng_;
  Agenda& agenda_;
  bool calm_{false};
  std::map<ServerId, Process> processes_;  ///< the latest of each server
};

}  // namespace mcpctl::sim
