#include "simulation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "words.h"

namespace mcpctl::sim {

using namespace supervisor;

namespace {

constexpr unsigned most_servers = 6;

Incarnation incarnation_of(const Event& event) {
  return std::visit(
      [](const auto& e) {
        if constexpr (requires { e.about; }) return e.about;
        return Incarnation{};
      },
      event);
}

/// The same event about another incarnation.
Event about(Event event, Incarnation other) {
  std::visit(
      [other](auto& e) {
        if constexpr (requires { e.about; }) e.about = other;
      },
      event);
  return event;
}

/// Whether a second one must change nothing (the others say what is, again).
bool happens_once(const Event& event) {
  return std::holds_alternative<Spawned>(event) || std::holds_alternative<SpawnFailed>(event) ||
         std::holds_alternative<ReadinessProven>(event) || std::holds_alternative<Exited>(event) ||
         std::holds_alternative<TreeEmptied>(event);
}

}  // namespace

Outcome simulate(std::uint64_t seed, bool keeps_text) {
  Simulation simulation{seed, keeps_text};
  Outcome outcome;
  try {
    simulation.run();
  } catch (const Violation& violation) {
    outcome.violation = violation.what;
  }
  outcome.digest = simulation.trace().digest();
  outcome.coverage = simulation.coverage();
  outcome.calls = simulation.calls();
  outcome.trace = simulation.trace().lines();
  return outcome;
}

Simulation::Simulation(std::uint64_t seed, bool keeps_text)
    : trace_(keeps_text),
      rng_(seed),
      slots_(static_cast<unsigned>(1 + rng_.below(3))),
      fleet_(slots_, rng_.next()),
      world_(rng_, agenda_),
      referee_(fleet_, world_, slots_) {}

void Simulation::run() {
  const auto servers = 1 + rng_.below(4);
  for (std::uint64_t i = 0; i < servers; ++i) add_server();
  agenda_.plan(now_ + up_to(rng_, 300), What::operator_acts);

  const std::uint64_t safety_calls = 30 + rng_.below(120);
  while (calls_ < safety_calls && !agenda_.is_empty()) happen(agenda_.take());

  calm_ = true;
  world_.end_faults(now_);
  run_until_quiet(Duration{120'000});
  if (!stopping_all_) {
    referee_.check_agreement();
    call(Call::Kind::stop_all, {}, [&] { return fleet_.stop_all(Duration{8'000}, now_); });
    run_until_quiet(Duration{10'000});
  }
  referee_.check_nothing_is_left();
}

void Simulation::run_until_quiet(Duration at_most) {
  const Instant limit = now_ + at_most;
  while (!agenda_.is_empty()) {
    const Item item = agenda_.take();
    if (item.at > limit) throw Violation{"no peace although faults are over"};
    happen(item);
  }
}

// ---- one thing happens -----------------------------------------------------------

void Simulation::happen(const Item& item) {
  now_ = std::max(now_, item.at);
  switch (item.what) {
    case What::deadline: return deadline_passes(item);
    case What::fleet_deadline:
      return call(Call::Kind::kill_all, {}, [&] { return fleet_.kill_all(now_); });
    case What::echo: return echo(item);
    case What::operator_acts: return operate();
    case What::removal_is_undone:
      if (!calm_ && fleet_.find(item.server) != nullptr) reload(item.server);
      return;
    default: break;
  }
  const auto event = world_.happen(item);
  if (!event) return;
  if (!calm_ && rng_.chance(1, 12)) {
    heard_.push_back({item.server, *event});
    agenda_.plan(now_ + up_to(rng_, rng_.chance(1, 2) ? 5 : 2'000), What::echo, {}, {},
                 heard_.size() - 1);
  }
  deliver(item.server, *event, Call::Kind::event);
}

void Simulation::deadline_passes(const Item& item) {
  const auto found = armed_.find(item.server);
  const bool is_armed = found != armed_.end() && found->second.value == item.number;
  // A timer that was disarmed in the same turn of the loop may still go off.
  if (!is_armed && !rng_.chance(1, 4)) return;
  if (is_armed) armed_.erase(found);
  deliver(item.server, DeadlineReached{{item.number}},
          is_armed ? Call::Kind::event : Call::Kind::stale);
}

void Simulation::echo(const Item& item) {
  const Heard heard = heard_[item.number];
  const auto* member = fleet_.find(heard.server);
  const Incarnation current = member == nullptr ? Incarnation{} : member->life.incarnation();
  if (!happens_once(heard.event) && incarnation_of(heard.event) == current) {
    // As if it came from the one before, or from one that does not exist yet.
    const Incarnation other{rng_.chance(1, 2) ? current.value - 1 : current.value + 1};
    return deliver(heard.server, about(heard.event, other), Call::Kind::stale);
  }
  deliver(heard.server, heard.event, Call::Kind::stale);
}

void Simulation::deliver(ServerId id, const Event& event, Call::Kind kind) {
  if (trace_.keeps_text()) write_down({kind, id}, words(event));
  call(kind, id, [&] {
    referee_.heard(id, event);
    return fleet_.deliver(id, event, now_);
  });
}

// ---- operators -------------------------------------------------------------------

std::optional<ServerId> Simulation::draw_server() {
  const auto& members = fleet_.members();
  if (members.empty()) return std::nullopt;
  auto it = members.begin();
  std::advance(it, static_cast<std::ptrdiff_t>(rng_.below(members.size())));
  return it->first;
}

void Simulation::operate() {
  if (calm_) return;
  agenda_.plan(now_ + up_to(rng_, rng_.chance(1, 3) ? 2'000 : 200), What::operator_acts);
  const auto id = draw_server();
  if (!id || rng_.chance(1, 16)) return add_server();
  using Kind = Call::Kind;
  switch (rng_.below(32)) {
    case 0:
    case 1:
    case 2:
    case 3: return call(Kind::start, *id, [&] { return fleet_.start(*id, now_); });
    case 4:
    case 5:
    case 6:
    case 7: return call(Kind::stop, *id, [&] { return fleet_.stop(*id, now_); });
    case 8:
    case 9:
    case 10: return call(Kind::restart, *id, [&] { return fleet_.restart(*id, now_); });
    case 11:
    case 12: return restart_for_a_reason(*id);
    case 13: return call(Kind::reset, *id, [&] { return fleet_.reset(*id, now_); });
    case 14:
    case 15: return deliver(*id, KillRequested{}, Kind::kill);
    case 16:
    case 17:
    case 18:
    case 19: return reload(*id);
    case 20:
    case 21:
      if (rng_.chance(1, 2)) agenda_.plan(now_ + up_to(rng_, 100), What::removal_is_undone, *id);
      return call(Kind::remove, *id, [&] { return fleet_.remove(*id, now_); });
    case 22:
      slots_ = static_cast<unsigned>(1 + rng_.below(3));
      return call(Kind::set_slots, {}, [&] {
        referee_.set_slots(slots_);
        return fleet_.set_max_concurrent_starts(slots_, now_);
      });
    case 23: {
      if (!rng_.chance(1, 4)) return;
      const Duration deadline{static_cast<std::int64_t>(200 + rng_.below(6'000))};
      stopping_all_ = true;
      return call(Kind::stop_all, {}, [&] { return fleet_.stop_all(deadline, now_); });
    }
    case 24:
      if (!stopping_all_) return;
      return call(Kind::kill_all, {}, [&] { return fleet_.kill_all(now_); });
    case 25:
    case 26: return replace(*id);
    default: return call(Kind::demand, *id, [&] { return fleet_.demand(*id, now_); });
  }
}

void Simulation::add_server() {
  const auto number = static_cast<unsigned>(rng_.below(most_servers));
  const std::string name = "s" + std::to_string(number);
  auto dependencies = draw_dependencies(rng_, number);
  auto spec = draw_spec(rng_, name);
  if (fleet_.find(name)) return;
  const ServerId id = fleet_.add(name, std::move(spec), dependencies);
  referee_.joined(id, name, std::move(dependencies));
  if (rng_.chance(7, 8)) call(Call::Kind::enable, id, [&] { return fleet_.enable(id, now_); });
}

/// A new process in its place, while it serves.
void Simulation::replace(ServerId id) {
  const auto& member = *fleet_.find(id);
  const bool serves = member.life.state() == State::ready || member.life.state() == State::degraded;
  const bool is_one_of_two = fleet_.successor_of(id) || fleet_.predecessor_of(id);
  const std::string name = "~" + member.name;
  if (!serves || is_one_of_two || stopping_all_ || referee_.is_leaving(id) || fleet_.find(name)) {
    return;
  }
  auto dependencies = draw_dependencies(rng_, static_cast<unsigned>(name.back() - '0'));
  auto spec = draw_spec(rng_, name);
  const ServerId next = fleet_.add_successor(id, name, std::move(spec), dependencies, true);
  referee_.joined_to_succeed(id, next, name, std::move(dependencies));
  call(Call::Kind::start, next, [&] { return fleet_.start(next, now_, Motive::succession); });
}

void Simulation::reload(ServerId id) {
  if (fleet_.predecessor_of(id)) return;  // it has just been configured
  const std::string name = fleet_.find(id)->name;
  const auto number = static_cast<unsigned>(name.back() - '0');
  auto dependencies = draw_dependencies(rng_, number);
  auto spec = draw_spec(rng_, name);
  // A change of usability always restarts.
  const bool usability = spec.unusable != fleet_.find(id)->life.spec().unusable;
  const bool restarts = usability || rng_.chance(1, 2);
  const auto kind = restarts ? Call::Kind::reconfigure_restart : Call::Kind::reconfigure;
  call(kind, id, [&] {
    referee_.reconfigured(id, dependencies);
    return fleet_.reconfigure(id, std::move(spec), std::move(dependencies), true, restarts, now_);
  });
}

void Simulation::restart_for_a_reason(ServerId id) {
  static constexpr std::array reasons{Motive::memory_limit, Motive::files_changed};
  const Motive motive = reasons[rng_.below(reasons.size())];
  call(Call::Kind::restart_if_wanted, id, [&] { return fleet_.restart(id, now_, {motive, {}}); });
}

// ---- calls and actions -----------------------------------------------------------

template <typename Function>
void Simulation::call(Call::Kind kind, ServerId server, Function&& function) {
  ++calls_;
  const Call made{kind, server};
  trace_.fold(now_.since_start.count(), static_cast<int>(kind), server.value);
  const bool is_told = kind == Call::Kind::event || kind == Call::Kind::stale ||
                       kind == Call::Kind::kill;  // deliver() wrote it down
  if (trace_.keeps_text() && !is_told) write_down(made, words(kind));
  referee_.begin(made, now_);
  const FleetActions actions = function();
  for (const FleetAction& action : actions) {
    if (trace_.keeps_text()) write_down(action);
    referee_.see(action);
    perform(action);
  }
  referee_.end();
}

void Simulation::perform(const FleetAction& action) {
  if (const auto* of_server = std::get_if<ServerAction>(&action)) {
    perform(of_server->server, of_server->action);
  } else if (const auto* removed = std::get_if<ServerRemoved>(&action)) {
    trace_.fold(201, removed->server.value);
    armed_.erase(removed->server);
  } else if (const auto* change = std::get_if<Succeeded>(&action)) {
    trace_.fold(204, change->server.value, change->successor.value);
  } else if (const auto* failure = std::get_if<SuccessionFailed>(&action)) {
    trace_.fold(205, failure->server.value, failure->successor.value);
  } else if (const auto* deadline = std::get_if<ArmFleetDeadline>(&action)) {
    trace_.fold(202, deadline->at.since_start.count());
    agenda_.plan(deadline->at, What::fleet_deadline);
  } else {
    trace_.fold(203);
  }
}

void Simulation::perform(ServerId id, const Action& action) {
  trace_.fold(action.index(), id.value);
  if (const auto* spawn = std::get_if<Spawn>(&action)) {
    const bool job = is_job(fleet_.find(id)->name);
    world_.spawn(id, spawn->as, draw_temper(rng_, job, calm_), job, now_);
  } else if (std::holds_alternative<ProveReadiness>(action)) {
    world_.prove_readiness(id, now_);
  } else if (std::holds_alternative<WatchHealth>(action)) {
    world_.watch_health(id, now_);
  } else if (std::holds_alternative<LeaveAlone>(action)) {
    world_.leave_alone(id);
  } else if (std::holds_alternative<CloseStdin>(action)) {
    world_.close_stdin(id, now_);
  } else if (const auto* signal = std::get_if<SignalTree>(&action)) {
    trace_.fold(signal->signal);
    world_.signal_tree(id, now_);
  } else if (std::holds_alternative<KillTree>(action)) {
    world_.kill_tree(id, now_);
  } else if (const auto* arm = std::get_if<ArmDeadline>(&action)) {
    trace_.fold(arm->token.value, arm->at.since_start.count());
    armed_[id] = arm->token;
    agenda_.plan(arm->at + up_to(rng_, 2), What::deadline, id, {}, arm->token.value);
  } else if (std::holds_alternative<DisarmDeadline>(action)) {
    armed_.erase(id);
  } else if (const auto* told = std::get_if<Announce>(&action)) {
    const Why& why = told->why;
    trace_.fold(static_cast<int>(told->from), static_cast<int>(told->to),
                static_cast<int>(why.trigger), static_cast<int>(why.root),
                static_cast<int>(why.motive), static_cast<int>(why.gave_up), why.failures,
                why.delay.count(), why.lived.count(), why.exit.code, why.exit.signal);
    trace_.fold(why.message);
    if (told->to == State::draining) world_.drain(id, now_);
  }
}

void Simulation::write_down(const Call& call, std::string_view what) {
  const auto* member = fleet_.find(call.server);
  std::string text = member == nullptr ? "" : member->name + " ";
  text.append(what);
  if (call.kind == Call::Kind::stale) text += " (stale)";
  trace_.line(now_, text);
}

void Simulation::write_down(const FleetAction& action) {
  std::string text = "    ";
  if (const auto* of_server = std::get_if<ServerAction>(&action)) {
    const auto* member = fleet_.find(of_server->server);
    text += member == nullptr ? "(removed)" : member->name;
    text += ": " + words(of_server->action);
  } else if (std::holds_alternative<ServerRemoved>(action)) {
    text += "removed";
  } else if (std::holds_alternative<Succeeded>(action)) {
    text += "succeeded";
  } else if (std::holds_alternative<SuccessionFailed>(action)) {
    text += "not succeeded";
  } else if (const auto* deadline = std::get_if<ArmFleetDeadline>(&action)) {
    text += "fleet deadline at " + std::to_string(deadline->at.since_start.count()) + "ms";
  } else {
    text += "fleet stopped";
  }
  trace_.line(now_, text);
}

}  // namespace mcpctl::sim
