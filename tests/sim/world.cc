#include "world.h"

#include <csignal>
#include <utility>

namespace mcpctl::sim {

using supervisor::Event;
using supervisor::ExitStatus;

void World::plan(ServerId server, const Process& process, Instant at, What what,
                 std::uint64_t number) {
  agenda_.plan(at, what, server, process.incarnation, number);
}

// ---- what the core asks for --------------------------------------------------

void World::spawn(ServerId server, Incarnation as, const Temper& temper, bool job, Instant now) {
  Process process;
  process.incarnation = as;
  process.temper = temper;
  process.job = job;
  plan(server, process, now + temper.spawn_takes, What::spawn_answered);
  processes_[server] = process;
}

void World::prove_readiness(ServerId server, Instant now) {
  Process& process = processes_.at(server);
  process.proving = true;
  if (process.temper.ready_after) {
    plan(server, process, now + *process.temper.ready_after, What::becomes_ready);
  }
  if (process.temper.speaks_every) {
    plan(server, process, now + *process.temper.speaks_every, What::speaks);
  }
}

void World::watch_health(ServerId server, Instant now) {
  Process& process = processes_.at(server);
  process.proving = false;
  process.watched = true;
  if (process.temper.hangs_after) {
    plan(server, process, now + *process.temper.hangs_after, What::health_worsens);
  }
  process.requests_left = process.temper.requests;
  if (process.requests_left > 0) {
    const Instant first = now + up_to(rng_, 300);
    plan(server, process, first, What::traffic_changes, 1 + rng_.below(3));
  }
}

void World::leave_alone(ServerId server) {
  Process& process = processes_.at(server);
  process.proving = process.watched = false;
}

void World::close_stdin(ServerId server, Instant now) {
  const Process& process = processes_.at(server);
  if (process.leader != Leader::alive || !process.temper.obeys_eof_after) return;
  plan(server, process, now + *process.temper.obeys_eof_after, What::obeys);
}

void World::signal_tree(ServerId server, Instant now) {
  const Process& process = processes_.at(server);
  if (process.leader == Leader::unborn) return;
  for (unsigned i = 0; i < process.polite; ++i) {
    plan(server, process, now + up_to(rng_, 100), What::polite_straggler_dies);
  }
  if (process.leader != Leader::alive || !process.temper.obeys_signal_after) return;
  plan(server, process, now + *process.temper.obeys_signal_after, What::obeys, SIGTERM);
}

void World::kill_tree(ServerId server, Instant now) {
  Process& process = processes_.at(server);
  if (process.leader == Leader::unborn) return;
  process.kill_asked = true;
  if (process.temper.is_immortal) return;
  plan(server, process, now + process.temper.dies_of_kill_after, What::kill_lands);
}

void World::drain(ServerId server, Instant now) {
  const Process& process = processes_.at(server);
  plan(server, process, now + up_to(rng_, 500), What::traffic_changes, 0);
  if (rng_.chance(1, 3)) plan(server, process, now + up_to(rng_, 100), What::dies_by_itself);
}

// ---- what happens to a process -----------------------------------------------

std::optional<Event> World::answer_spawn(ServerId server, Process& process, Instant now) {
  const Temper& temper = process.temper;
  if (temper.spawn_fails && !calm_) {
    process.leader = Leader::never;
    return supervisor::SpawnFailed{process.incarnation,
                                   temper.failure_mends_itself ? "Resource temporarily unavailable"
                                                               : "No such file or directory",
                                   temper.failure_mends_itself};
  }
  process.leader = Leader::alive;
  process.polite = temper.polite_stragglers;
  process.stubborn = temper.stubborn_stragglers;
  if (temper.dies_after) plan(server, process, now + *temper.dies_after, What::dies_by_itself);
  return supervisor::Spawned{process.incarnation};
}

void World::end_leader(ServerId server, Process& process, ExitStatus status, Instant now) {
  process.leader = Leader::dead;
  process.status = status;
  plan(server, process, now + up_to(rng_, 3), What::exit_seen);
  // Some helpers notice that their server is gone.
  for (unsigned i = 0; i < process.polite; ++i) {
    if (!rng_.chance(1, 2)) continue;
    plan(server, process, now + up_to(rng_, 300), What::polite_straggler_dies);
  }
}

void World::note_emptied(ServerId server, const Process& process, Instant now) {
  const bool is_empty = process.leader == Leader::dead && process.polite + process.stubborn == 0;
  if (is_empty && process.exit_told) {
    plan(server, process, now + up_to(rng_, 3), What::tree_seen_empty);
  }
}

std::optional<Event> World::happen(const Item& item) {
  const auto found = processes_.find(item.server);
  if (found == processes_.end() || found->second.incarnation != item.about) return std::nullopt;
  Process& process = found->second;
  const Temper& temper = process.temper;
  const Incarnation about = process.incarnation;
  const bool alive = process.leader == Leader::alive;

  switch (item.what) {
    case What::spawn_answered: return answer_spawn(item.server, process, item.at);
    case What::becomes_ready:
      if (!alive) return std::nullopt;
      // What was proven a moment before the core lost interest still arrives.
      if (!process.proving && !rng_.chance(1, 4)) return std::nullopt;
      return supervisor::ReadinessProven{about};
    case What::dies_by_itself:
      if (!alive || (calm_ && !process.job)) return std::nullopt;
      end_leader(item.server, process, calm_ ? ExitStatus{} : temper.dies_of, item.at);
      return std::nullopt;
    case What::obeys:
      if (!alive) return std::nullopt;
      end_leader(item.server, process, {0, static_cast<int>(item.number), false, false}, item.at);
      return std::nullopt;
    case What::exit_seen: {
      process.exit_told = true;
      const bool is_empty = process.polite + process.stubborn == 0;
      return supervisor::Exited{about, process.status, is_empty};
    }
    case What::polite_straggler_dies:
      if (process.polite == 0) return std::nullopt;
      --process.polite;
      note_emptied(item.server, process, item.at);
      return std::nullopt;
    case What::kill_lands: {
      const bool had_stragglers = process.polite + process.stubborn > 0;
      process.polite = process.stubborn = 0;
      if (alive) {
        end_leader(item.server, process, {0, SIGKILL, false, false}, item.at);
      } else if (had_stragglers) {
        note_emptied(item.server, process, item.at);
      }
      return std::nullopt;
    }
    case What::tree_seen_empty: return supervisor::TreeEmptied{about};
    case What::speaks:
      if (!alive || !process.proving) return std::nullopt;
      plan(item.server, process, item.at + *temper.speaks_every, What::speaks);
      return supervisor::Progressed{about};
    case What::health_worsens:
      if (!alive || !process.watched || calm_) return std::nullopt;
      process.hanging = true;
      plan(item.server, process, item.at + temper.hang_lasts, What::health_turns);
      return supervisor::HealthFailing{about};
    case What::health_turns:
      if (!alive || !process.watched || !process.hanging) return std::nullopt;
      if (!temper.hang_passes) return supervisor::HealthLost{about};
      process.hanging = false;
      plan(item.server, process, item.at + temper.hang_lasts, What::health_worsens);
      return supervisor::HealthRecovered{about};
    case What::traffic_changes:
      if (!alive) return std::nullopt;
      process.in_flight = static_cast<unsigned>(item.number);
      if (process.requests_left > 0 && !calm_) {
        --process.requests_left;
        const Instant next = item.at + up_to(rng_, 600);
        plan(item.server, process, next, What::traffic_changes, rng_.below(3));
      }
      return supervisor::TrafficChanged{about, process.in_flight};
    case What::deadline:
    case What::fleet_deadline:
    case What::echo:
    case What::operator_acts:
    case What::removal_is_undone: break;
  }
  throw Violation{"the simulator gave the world what is not the world's"};
}

void World::end_faults(Instant now) {
  calm_ = true;
  for (auto& [server, process] : processes_) {
    process.temper.is_immortal = false;
    if (process.kill_asked) plan(server, process, now + up_to(rng_, 10), What::kill_lands);
    if (process.in_flight > 0) {
      plan(server, process, now + up_to(rng_, 10), What::traffic_changes, 0);
    }
    if (process.job) plan(server, process, now + up_to(rng_, 100), What::dies_by_itself);
  }
}

bool World::has_process(ServerId server) const {
  const auto found = processes_.find(server);
  if (found == processes_.end()) return false;
  const Process& process = found->second;
  if (process.leader == Leader::unborn || process.leader == Leader::alive) return true;
  return process.polite + process.stubborn > 0;
}

bool World::has_answered_spawn(ServerId server) const {
  return processes_.at(server).leader != Leader::unborn;
}

}  // namespace mcpctl::sim
