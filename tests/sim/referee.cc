#include "referee.h"

#include <algorithm>
#include <array>
#include <utility>

#include "supervisor/transitions.h"

namespace mcpctl::sim {

using supervisor::Goal;
using supervisor::Lifecycle;
using supervisor::Motive;
using supervisor::State;
using supervisor::Trigger;

namespace {

/// How long the core gives the kernel to bury what SIGKILL hit, with room for late timers.
constexpr Duration burial{2'000 + 50};

/// Index into transitions(), or -1 where there is no edge.
int edge(State from, Trigger trigger, State to) {
  constexpr std::size_t states = supervisor::all_states.size();
  constexpr std::size_t triggers = static_cast<std::size_t>(Trigger::retry_elapsed) + 1;
  static const auto index = [] {
    std::array<int, states * triggers * states> table;
    table.fill(-1);
    int next = 0;
    for (const auto& t : supervisor::transitions()) {
      table[(static_cast<std::size_t>(t.from) * triggers + static_cast<std::size_t>(t.trigger)) *
                states +
            static_cast<std::size_t>(t.to)] = next++;
    }
    return table;
  }();
  return index[(static_cast<std::size_t>(from) * triggers + static_cast<std::size_t>(trigger)) *
                   states +
               static_cast<std::size_t>(to)];
}

Duration stable_time(const config::Backoff& backoff) {
  return backoff.stable.value_or(std::max(Duration{60'000}, backoff.max * 2));
}

bool is_alive(State state) {
  return state == State::starting || state == State::ready || state == State::degraded ||
         state == State::draining || state == State::stopping;
}

}  // namespace

void Referee::broken(const Shadow& shadow, const std::string& what) const {
  throw Violation{shadow.name + " (" + std::string{name(shadow.state)} + "): " + what};
}

void Referee::joined(ServerId server, std::string name,
                     std::vector<config::Dependency> depends_on) {
  Shadow& shadow = shadows_[server];
  shadow.id = server;
  shadow.name = std::move(name);
  shadow.depends_on = std::move(depends_on);
}

void Referee::joined_to_succeed(ServerId predecessor, ServerId server, std::string name,
                                std::vector<config::Dependency> depends_on) {
  joined(server, std::move(name), std::move(depends_on));
  shadows_.at(server).succeeds = predecessor;
  shadows_.at(server).last_number = shadows_.at(predecessor).last_number;
}

bool Referee::is_leaving(ServerId server) const {
  const auto found = shadows_.find(server);
  return found != shadows_.end() && found->second.leaving;
}

// ---- a call --------------------------------------------------------------------

void Referee::begin(const Call& call, Instant now) {
  call_ = call;
  now_ = now;
  acted_ = false;
  for (auto& [id, shadow] : shadows_) {
    shadow.moved = false;
    shadow.touched = id == call.server;
    shadow.armed_on_entry = shadow.armed ? shadow.armed->token : DeadlineToken{};
  }
  if (call.kind == Call::Kind::stop_all && !stopping_all_since_) stopping_all_since_ = now;
  if (call.kind == Call::Kind::kill_all) killed_all_ = true;
  const auto found = shadows_.find(call.server);
  if (found == shadows_.end()) return;
  Shadow& shadow = found->second;
  const bool falls_asleep = shadow.state == State::stopping && shadow.goal == Goal::up;
  if (call.kind == Call::Kind::demand && falls_asleep) shadow.demanded = true;
  switch (call.kind) {
    case Call::Kind::enable:
    case Call::Kind::start:
    case Call::Kind::restart:
    case Call::Kind::restart_if_wanted:
    case Call::Kind::reset:
    case Call::Kind::demand:
      if (!shadow.leaving) shadow.wanted_anew = true;
      shadow.forgive();
      return;
    case Call::Kind::reconfigure:
    case Call::Kind::reconfigure_restart:
      shadow.wanted_anew = true;  // it may have become eager
      shadow.leaving = false;
      shadow.forgive();
      return;
    case Call::Kind::remove: shadow.leaving = true; return;
    case Call::Kind::kill: shadow.forced = true; return;
    case Call::Kind::stop: shadow.forgive(); return;
    case Call::Kind::event:
    case Call::Kind::stale:
    case Call::Kind::set_slots:
    case Call::Kind::stop_all:
    case Call::Kind::kill_all: return;
  }
}

void Referee::reconfigured(ServerId server, std::vector<config::Dependency> depends_on) {
  shadows_.at(server).depends_on = std::move(depends_on);
}

void Referee::heard(ServerId server, const supervisor::Event& event) {
  const auto found = shadows_.find(server);
  if (found == shadows_.end()) return;
  Shadow& shadow = found->second;
  const auto* spawned = std::get_if<supervisor::Spawned>(&event);
  if (spawned != nullptr && spawned->about == shadow.incarnation) {
    shadow.born_late = shadow.state != State::starting;
  }
  const auto* exited = std::get_if<supervisor::Exited>(&event);
  if (exited != nullptr && exited->about == shadow.incarnation) shadow.exit_told = true;
}

void Referee::see(const supervisor::FleetAction& action) {
  acted_ = true;
  if (const auto* of_server = std::get_if<supervisor::ServerAction>(&action)) {
    const auto found = shadows_.find(of_server->server);
    if (found == shadows_.end()) throw Violation{"an action for a server that was removed"};
    found->second.touched = true;
    std::visit([&](const auto& a) { on(found->second, a); }, of_server->action);
  } else if (const auto* removed = std::get_if<supervisor::ServerRemoved>(&action)) {
    const Shadow& shadow = shadows_.at(removed->server);
    if (!shadow.leaving) broken(shadow, "forgotten although nobody removed it");
    if (shadow.state != State::stopped) broken(shadow, "forgotten before it was stopped");
    shadows_.erase(removed->server);
  } else if (const auto* change = std::get_if<supervisor::Succeeded>(&action)) {
    succeeded(*change);
  } else if (const auto* failure = std::get_if<supervisor::SuccessionFailed>(&action)) {
    succession_failed(*failure);
  } else if (const auto* deadline = std::get_if<supervisor::ArmFleetDeadline>(&action)) {
    fleet_deadline_ = deadline->at;
  } else {
    if (!stopping_all_since_) throw Violation{"the fleet says it stopped, but nobody asked"};
    if (stopped_told_at_) throw Violation{"the fleet says twice that it stopped"};
    stopped_told_at_ = now_;
    if (now_ > *fleet_deadline_ + burial) throw Violation{"the fleet stopped after its deadline"};
  }
}

void Referee::end() {
  if (call_.kind == Call::Kind::stale && acted_) {
    throw Violation{"a stale event has consequences"};
  }
  bool alive = false;
  for (auto& [id, shadow] : shadows_) {
    const auto* member = fleet_.find(id);
    if (member == nullptr) broken(shadow, "vanished without a word");
    check_goal(shadow, member->life);
    if (member->life.goal() == Goal::down) shadow.demanded = false;
    if (shadow.goal == Goal::down && member->life.goal() == Goal::up) shadow.wanted_anew = true;
    shadow.goal = member->life.goal();
    if (shadow.touched) check(shadow, *member);
    alive = alive || is_alive(shadow.state);
  }
  if (shadows_.size() != fleet_.members().size()) throw Violation{"a server nobody added"};
  if (stopped_told_at_ && alive) throw Violation{"alive after the fleet said it stopped"};
  if (fleet_deadline_ && !stopped_told_at_ && now_ > *fleet_deadline_ + burial) {
    throw Violation{"the fleet has not stopped by its deadline"};
  }
  if (!stopping_all_since_) check_nobody_waits_in_vain();
}

// ---- actions -------------------------------------------------------------------

void Referee::succeeded(const supervisor::Succeeded& action) {
  Shadow& former = shadows_.at(action.server);
  Shadow& next = shadows_.at(action.successor);
  if (next.succeeds != former.id) broken(next, "succeeds somebody else");
  if (next.state != State::ready) broken(next, "succeeds before it is ready");
  if (former.leaving || next.leaving) broken(next, "a succession of who leaves");
  if (stopping_all_since_) broken(next, "succeeds while the fleet stops");
  std::swap(former.name, next.name);
  next.last_number = std::max(next.last_number, former.last_number);
  next.succeeds = {};
  former.leaving = true;
}

void Referee::succession_failed(const supervisor::SuccessionFailed& action) {
  Shadow& next = shadows_.at(action.successor);
  if (next.succeeds != action.server) broken(next, "fails to succeed somebody else");
  const bool may_come = next.state == State::waiting || next.state == State::starting;
  if (may_come && !action.is_withdrawn) broken(next, "given up before its first start is over");
  next.succeeds = {};
  next.leaving = true;
}

void Referee::on(Shadow& shadow, const supervisor::Spawn& action) {
  if (shadow.state != State::starting) broken(shadow, "spawned outside starting");
  if (action.as.value != shadow.last_number + 1) broken(shadow, "an incarnation skipped");
  if (world_.has_process(shadow.id)) broken(shadow, "spawned while its predecessor lives");
  if (stopping_all_since_) broken(shadow, "spawned while the fleet stops");
  if (shadow.leaving) broken(shadow, "spawned while it leaves");
  if (!spec(shadow.id).unusable.empty()) broken(shadow, "spawned although unusable");
  shadow.incarnation = action.as;
  shadow.last_number = action.as.value;
  shadow.has_stdin = spec(shadow.id).has_stdin;
  shadow.proving = shadow.watched = shadow.exit_told = false;
  shadow.born_late = false;
  shadow.ready_for = Duration{0};
  shadow.forced = shadow.wanted_anew = false;
  shadow.rung = Rung::none;
  shadow.demanded = shadow.drained = false;
}

void Referee::on(Shadow& shadow, const supervisor::ProveReadiness& action) {
  if (shadow.state != State::starting) broken(shadow, "readiness probed outside starting");
  if (action.of != shadow.incarnation) broken(shadow, "readiness of another incarnation");
  if (!world_.has_answered_spawn(shadow.id)) broken(shadow, "probed before it was spawned");
  if (std::exchange(shadow.proving, true)) broken(shadow, "readiness probed twice");
}

void Referee::on(Shadow& shadow, const supervisor::WatchHealth& action) {
  if (shadow.state != State::ready) broken(shadow, "health watched before ready");
  if (action.of != shadow.incarnation) broken(shadow, "health of another incarnation");
  if (std::exchange(shadow.watched, true)) broken(shadow, "health watched twice");
  shadow.proving = false;
}

void Referee::on(Shadow& shadow, const supervisor::LeaveAlone& action) {
  if (action.of != shadow.incarnation) broken(shadow, "leaves another incarnation alone");
  if (!shadow.proving && !shadow.watched) broken(shadow, "left alone though nobody probes it");
  shadow.proving = shadow.watched = false;
}

void Referee::on(Shadow& shadow, const supervisor::CloseStdin& action) {
  if (shadow.state != State::stopping) broken(shadow, "stdin closed outside stopping");
  if (action.of != shadow.incarnation) broken(shadow, "stdin of another incarnation closed");
  if (!shadow.has_stdin) broken(shadow, "has no stdin to close");
  if (!world_.has_answered_spawn(shadow.id)) broken(shadow, "stdin closed before it was spawned");
  if (shadow.rung == Rung::kill) broken(shadow, "stdin closed after SIGKILL");
  // Closing it again just before the signal is no step down.
  if (shadow.rung == Rung::none) {
    shadow.rung = Rung::eof;
    shadow.rung_ends = now_ + spec(shadow.id).stop.eof;
  }
}

void Referee::on(Shadow& shadow, const supervisor::SignalTree& action) {
  if (shadow.state != State::stopping) broken(shadow, "signalled outside stopping");
  if (action.of != shadow.incarnation) broken(shadow, "another incarnation signalled");
  if (action.signal != spec(shadow.id).stop.signal) broken(shadow, "not the configured signal");
  if (!world_.has_answered_spawn(shadow.id)) broken(shadow, "signalled before it was spawned");
  if (shadow.rung >= Rung::term) broken(shadow, "signalled a second time");
  const bool grace_over = shadow.rung == Rung::none || now_ >= shadow.rung_ends;
  if (!grace_over && !shadow.exit_told && !shadow.born_late)
    broken(shadow, "signalled before its stdin's grace");
  shadow.rung = Rung::term;
  shadow.rung_ends = now_ + spec(shadow.id).stop.term;
}

void Referee::on(Shadow& shadow, const supervisor::KillTree& action) {
  if (action.of != shadow.incarnation) broken(shadow, "another incarnation killed");
  if (!world_.has_answered_spawn(shadow.id)) broken(shadow, "killed before it was spawned");
  if (shadow.state != State::stopping && !shadow.survivor)
    broken(shadow, "killed outside stopping");
  // One that is born when its ladder has run out has nothing to lose yet.
  const bool forced = shadow.forced || killed_all_ || shadow.born_late;
  if (!forced && shadow.rung < Rung::term && spec(shadow.id).stop.term.count() > 0) {
    broken(shadow, "SIGKILL before the signal");
  }
  const bool grace_over = shadow.rung == Rung::none || now_ >= shadow.rung_ends;
  const bool straggling = shadow.rung == Rung::eof && shadow.exit_told;
  if (!forced && !grace_over && !straggling) broken(shadow, "SIGKILL before the signal's grace");
  shadow.rung = Rung::kill;
}

void Referee::on(Shadow& shadow, const supervisor::ArmDeadline& action) {
  if (shadow.armed && action.token <= shadow.armed->token) broken(shadow, "a token used twice");
  if (action.at < now_) broken(shadow, "a deadline in the past");
  shadow.armed = action;
}

void Referee::on(Shadow& shadow, const supervisor::DisarmDeadline&) { shadow.armed.reset(); }

void Referee::on(Shadow& shadow, const supervisor::Announce& action) {
  if (action.from != shadow.state) broken(shadow, "announcements do not chain");
  const int taken = edge(action.from, action.why.trigger, action.to);
  if (taken < 0) broken(shadow, "a transition that is not in the table");
  coverage_.set(static_cast<std::size_t>(taken));

  if (action.from == State::ready) shadow.ready_for += now_ - shadow.since;
  if (action.to == State::starting) admitted(shadow);
  if (action.to == State::waiting) restarting(shadow, action);
  if (action.to == State::backoff) judged(shadow, action);
  if (action.to == State::draining) shadow.drained = true;
  if (action.to == State::idle && shadow.demanded) broken(shadow, "sleeps over a request");
  if (action.why.gave_up != supervisor::GaveUp::no && action.why.trigger != Trigger::unusable) {
    shadow.on_parole = true;
  }
  if (action.why.trigger == Trigger::went_idle) falling_asleep(shadow);
  const bool with_fleet = action.why.trigger == Trigger::stop_requested &&
                          action.why.motive == Motive::fleet && is_alive(action.from);
  if (with_fleet && !killed_all_) stopping_with_fleet(shadow);
  if (action.to == State::failed && action.why.trigger == Trigger::survived) {
    shadow.survivor = true;
    if (shadow.rung != Rung::kill && world_.has_answered_spawn(shadow.id)) {
      broken(shadow, "called a survivor without SIGKILL");
    }
  } else if (action.from == State::failed) {
    shadow.survivor = false;
  }
  shadow.state = action.to;
  shadow.why = action.why;
  shadow.since = now_;
  shadow.moved = true;
}

void Referee::admitted(const Shadow& shadow) const {
  unsigned starting = 1;
  for (const auto& [id, other] : shadows_) starting += other.state == State::starting ? 1 : 0;
  if (starting > slots_) broken(shadow, "more servers starting than slots");
  for (const config::Dependency& dependency : shadow.depends_on) {
    if (!is_satisfied(dependency)) broken(shadow, "admitted before " + dependency.server);
  }
}

void Referee::restarting(Shadow& shadow, const supervisor::Announce& action) const {
  const Trigger trigger = action.why.trigger;
  const bool after_delay = trigger == Trigger::backoff_elapsed || trigger == Trigger::retry_elapsed;
  if (after_delay && now_ < shadow.since + shadow.why.delay) broken(shadow, "retried too early");
  const bool at_once = trigger == Trigger::gone || trigger == Trigger::exited;
  if (at_once && !shadow.wanted_anew) broken(shadow, "restarted at once though nobody asked");
}

/// The delay's lower bound, and the crash-loop rule counted independently.
void Referee::judged(Shadow& shadow, const supervisor::Announce& action) const {
  if (fleet_.find(shadow.id) == nullptr) return;  // it was to succeed, and leaves instead
  const supervisor::Spec& policy = spec(shadow.id);
  const bool counted = action.why.failures > 0;
  const Duration usual = std::min(policy.backoff.initial, policy.backoff.max) * 8 / 10;
  const Duration least = counted ? std::min(usual, Duration{100}) : usual;
  if (action.why.delay < least) broken(shadow, "restarts faster than its backoff allows");
  if (action.why.delay > std::max(policy.backoff.max * 12 / 10, Duration{100})) {
    broken(shadow, "backs off longer than configured");
  }
  if (!counted) return;
  const bool by_itself =
      action.why.root == Trigger::exited && action.why.exit.signal == 0 && !shadow.drained;
  const bool hopeless = std::ranges::count(policy.no_restart_exit_codes, action.why.exit.code) > 0;
  if (by_itself && hopeless) broken(shadow, "retries fast what no retry mends");
  if (shadow.ready_for >= stable_time(policy.backoff)) shadow.forgive();
  if (shadow.on_parole) broken(shadow, "retries fast while on parole");
  std::erase_if(shadow.judged,
                [&](Instant then) { return now_ - then > policy.crash_loop.window; });
  shadow.judged.push_back(now_);
  if (shadow.judged.size() >= policy.crash_loop.failures) broken(shadow, "loops without end");
}

void Referee::falling_asleep(const Shadow& shadow) const {
  for (const auto& [id, other] : shadows_) {
    const bool needs = is_alive(other.state) || other.state == State::waiting;
    for (const config::Dependency& dependency : other.depends_on) {
      if (needs && dependency.server == shadow.name) broken(shadow, "sleeps under " + other.name);
    }
  }
}

void Referee::stopping_with_fleet(const Shadow& shadow) const {
  for (const auto& [id, other] : shadows_) {
    if (!is_alive(other.state)) continue;
    for (const config::Dependency& dependency : other.depends_on) {
      if (dependency.server == shadow.name) broken(shadow, "stopped before " + other.name);
    }
  }
}

// ---- after each call -----------------------------------------------------------

void Referee::check(const Shadow& shadow, const supervisor::Fleet::Member& member) const {
  const Lifecycle& life = member.life;
  if (life.state() != shadow.state) broken(shadow, "moved without an announcement");
  if (life.incarnation() != shadow.incarnation) broken(shadow, "incarnations differ");
  const bool is_probed = shadow.state == State::ready || shadow.state == State::degraded;
  if (shadow.watched != is_probed) broken(shadow, "health probes and state disagree");
  if (shadow.proving && shadow.state != State::starting) broken(shadow, "readiness still probed");
  const bool may_live = is_alive(shadow.state) || shadow.survivor;
  if (life.has_process() != may_live) broken(shadow, "has_process() is wrong");
  if (!may_live && world_.has_process(shadow.id)) broken(shadow, "a process is left behind");
  const bool waits = shadow.state == State::waiting;
  if (fleet_.waits_for(shadow.id).empty() == waits) broken(shadow, "waits_for() is wrong");
  check_deadline(shadow, life);
}

void Referee::check_deadline(const Shadow& shadow, const Lifecycle& life) const {
  const bool armed = shadow.armed.has_value();
  if (armed != life.deadline().has_value())
    broken(shadow, "the shell's deadline is not the core's");
  if (armed && *life.deadline() != shadow.armed->at) broken(shadow, "deadlines differ");
  if (armed && shadow.moved && shadow.armed->token == shadow.armed_on_entry) {
    broken(shadow, "a deadline outlives the state that armed it");
  }
  switch (shadow.state) {
    case State::starting:
    case State::draining:
    case State::stopping:
    case State::backoff:
      if (!armed) broken(shadow, "waits without a deadline");
      return;
    case State::failed:
      if (armed != (shadow.why.delay.count() > 0)) broken(shadow, "retry and deadline disagree");
      if (armed && shadow.survivor) broken(shadow, "a retry while a process survives");
      return;
    case State::ready:
      if (armed && life.spec().startup != config::Startup::lazy)
        broken(shadow, "an eager one tires");
      return;
    case State::stopped:
    case State::idle:
    case State::waiting:
    case State::degraded:
    case State::completed:
      if (armed) broken(shadow, "a deadline without a reason");
      return;
  }
}

void Referee::check_goal(const Shadow& shadow, const Lifecycle& life) const {
  const bool concerned = shadow.id == call_.server;
  const bool changed = life.goal() != shadow.goal;
  if (shadow.leaving) {
    if (life.goal() != Goal::down) broken(shadow, "leaves, but is wanted");
    return;
  }
  const bool stop_of_fleet = stopping_all_since_ && life.goal() == Goal::down;
  switch (call_.kind) {
    case Call::Kind::start:
    case Call::Kind::restart:  // of what they depend on, too
      if (concerned && life.goal() != Goal::up) broken(shadow, "a start did not count");
      if (changed && life.goal() != Goal::up) broken(shadow, "a start elsewhere stopped it");
      return;
    case Call::Kind::enable:
      if (concerned && life.goal() != Goal::up) broken(shadow, "a start did not count");
      if (!concerned && changed && !stop_of_fleet) broken(shadow, "an unrelated goal changed");
      return;
    case Call::Kind::stop:
    case Call::Kind::remove:
      if (concerned && life.goal() != Goal::down) broken(shadow, "a stop did not count");
      if (!concerned && changed && !stop_of_fleet) broken(shadow, "an unrelated goal changed");
      return;
    case Call::Kind::reconfigure:
    case Call::Kind::reconfigure_restart:  // a return makes it wanted
      if (!concerned && changed && !stop_of_fleet) broken(shadow, "an unrelated goal changed");
      return;
    case Call::Kind::event:
    case Call::Kind::stale:
    case Call::Kind::restart_if_wanted:
    case Call::Kind::reset:
    case Call::Kind::demand:
    case Call::Kind::kill:
    case Call::Kind::set_slots:
    case Call::Kind::stop_all:
    case Call::Kind::kill_all:
      if (changed && !stop_of_fleet) broken(shadow, "a goal changed though nobody said so");
      return;
  }
}

/// Whoever may go on has gone on before the call returned.
void Referee::check_nobody_waits_in_vain() const {
  unsigned starting = 0;
  for (const auto& [id, shadow] : shadows_) starting += shadow.state == State::starting ? 1 : 0;
  for (const auto& [id, shadow] : shadows_) {
    if (shadow.state != State::waiting || starting >= slots_) continue;
    bool satisfied = true;
    for (const config::Dependency& dependency : shadow.depends_on) {
      if (is_satisfied(dependency)) continue;
      satisfied = false;
      const Shadow* on = by_name(dependency.server);
      if (on != nullptr && on->state == State::idle) broken(*on, "sleeps though it is needed");
    }
    if (satisfied) broken(shadow, "waits for nothing");
  }
}

const Referee::Shadow* Referee::by_name(const std::string& name) const {
  for (const auto& [id, shadow] : shadows_) {
    if (shadow.name == name) return &shadow;
  }
  return nullptr;
}

bool Referee::is_satisfied(const config::Dependency& dependency) const {
  const Shadow* on = by_name(dependency.server);
  if (on == nullptr) return false;
  switch (dependency.need) {
    case config::Need::started:
      return on->state == State::starting || on->state == State::ready ||
             on->state == State::degraded;
    case config::Need::ready: return on->state == State::ready;
    case config::Need::completed: return on->state == State::completed;
  }
  return false;
}

// ---- in the end ----------------------------------------------------------------

void Referee::check_agreement() const {
  for (const auto& [id, shadow] : shadows_) {
    const Lifecycle& life = fleet_.find(id)->life;
    if (shadow.leaving) broken(shadow, "was removed, but stays");
    if (shadow.goal == Goal::down) {
      if (shadow.state != State::stopped) broken(shadow, "is not wanted, but is not stopped");
    } else if (!may_rest(shadow, life)) {
      broken(shadow, "is wanted, but does not run");
    }
  }
}

/// All is quiet and it is wanted: may it stay as it is?
bool Referee::may_rest(const Shadow& shadow, const Lifecycle& life) const {
  const supervisor::Spec& policy = life.spec();
  const bool ends = policy.restart == config::RestartPolicy::never ||
                    policy.restart == config::RestartPolicy::on_failure;
  switch (shadow.state) {
    case State::ready: return true;
    case State::idle: return policy.startup == config::Startup::lazy;
    case State::completed: return ends || shadow.why.trigger != Trigger::enabled;
    case State::waiting: return may_wait(shadow);
    case State::failed:
      return !shadow.survivor &&
             (shadow.why.gave_up == supervisor::GaveUp::policy ||
              shadow.why.trigger == Trigger::unusable || shadow.why.delay.count() == 0);
    case State::stopped:
    case State::starting:
    case State::degraded:
    case State::draining:
    case State::stopping:
    case State::backoff: return false;
  }
  return false;
}

/// Only for what will not come by itself.
bool Referee::may_wait(const Shadow& shadow) const {
  return std::ranges::any_of(shadow.depends_on, [this](const config::Dependency& dependency) {
    if (is_satisfied(dependency)) return false;
    const Shadow* on = by_name(dependency.server);
    if (on == nullptr || on->goal == Goal::down) return true;
    if (on->state == State::waiting) return may_wait(*on);
    return on->state == State::failed || on->state == State::completed ||
           (on->state == State::ready && dependency.need == config::Need::completed);
  });
}

void Referee::check_nothing_is_left() const {
  if (!stopped_told_at_) throw Violation{"the fleet never said that it stopped"};
  for (const auto& [id, shadow] : shadows_) {
    if (is_alive(shadow.state) || shadow.survivor || world_.has_process(shadow.id)) {
      broken(shadow, "is left after the fleet stopped");
    }
    if (shadow.goal == Goal::down && shadow.state != State::stopped) {
      broken(shadow, "is not wanted, but is not stopped");
    }
  }
}

}  // namespace mcpctl::sim
