#include "supervisor/fleet.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/assert.h"

namespace mcpctl::supervisor {
namespace {

/// What the kill at the end of a shutdown may still take.
constexpr Duration kill_margin{500};

bool needs_its_dependencies(State state) {
  switch (state) {
    case State::waiting:
    case State::starting:
    case State::ready:
    case State::degraded:
    case State::draining:
    case State::stopping:
    case State::backoff: return true;
    case State::stopped:
    case State::idle:
    case State::failed:
    case State::completed: return false;
  }
  std::abort();
}

bool counts_as_alive(const Lifecycle& life) {
  return life.has_process() && life.state() != State::failed;
}

}  // namespace

Fleet::Fleet(unsigned max_concurrent_starts, std::uint64_t seed)
    : max_starts_(max_concurrent_starts), seeds_(seed) {
  MCPCTL_ASSERT(max_starts_ > 0);
}

ServerId Fleet::add(std::string name, Spec spec, std::vector<config::Dependency> depends_on,
                    bool required) {
  MCPCTL_ASSERT(!by_name_.contains(name));
  const ServerId id{++last_id_};
  by_name_.emplace(name, id);
  members_.emplace(id, Member{std::move(name), std::move(depends_on), required,
                              Lifecycle{std::move(spec), seeds_.next()}});
  dependents_known_ = false;
  doubted_.insert(id);
  changed_ = true;
  return id;
}

// ---- intents ---------------------------------------------------------------

bool Fleet::may_be_started(ServerId id) const {
  return members_.contains(id) && !leaving_.contains(id);
}

FleetActions Fleet::enable(ServerId id, Instant now) {
  if (!may_be_started(id)) return {};
  return deliver(id, Enabled{}, now);
}

FleetActions Fleet::start(ServerId id, Instant now, Motive motive) {
  now_ = now;
  start_dependencies(id);
  if (may_be_started(id)) feed(id, StartRequested{motive});
  return finish();
}

FleetActions Fleet::stop(ServerId id, Instant now) {
  now_ = now;
  withdraw_succession(id);
  return deliver(id, StopRequested{}, now);
}

FleetActions Fleet::restart(ServerId id, Instant now, RestartRequested request) {
  if (!may_be_started(id)) return {};
  now_ = now;
  withdraw_succession(id);
  if (!may_be_started(id)) return finish();  // it was to succeed somebody
  // For any other reason only what runs is restarted, and nothing comes up for it.
  if (request.motive == Motive::operator_request) start_dependencies(id);
  feed(id, std::move(request));
  return finish();
}

FleetActions Fleet::reset(ServerId id, Instant now) { return deliver(id, ResetRequested{}, now); }

FleetActions Fleet::demand(ServerId id, Instant now) { return deliver(id, Demanded{}, now); }

FleetActions Fleet::remove(ServerId id, Instant now) {
  now_ = now;
  withdraw_succession(id);
  if (members_.contains(id)) {
    leaving_.insert(id);
    changed_ = true;
    feed(id, StopRequested{Motive::removal});
  }
  return finish();
}

FleetActions Fleet::reconfigure(ServerId id, Spec spec, std::vector<config::Dependency> depends_on,
                                bool required, bool restarts, Instant now) {
  now_ = now;
  const auto found = members_.find(id);
  if (found == members_.end()) return {};
  if (restarts) withdraw_succession(id);
  doubt_need_for(found->second.depends_on);
  doubt_need_for(depends_on);
  found->second.depends_on = std::move(depends_on);
  found->second.required = required;
  dependents_known_ = false;
  changed_ = true;
  const bool returns = leaving_.erase(id) > 0;
  feed(id, Reconfigured{std::move(spec)});
  if (returns) feed(id, Enabled{});
  if (restarts) feed(id, RestartRequested{Motive::config_change});
  if (stopping_all_) released_ = held_;  // the order may have changed
  return finish();
}

FleetActions Fleet::set_max_concurrent_starts(unsigned count, Instant now) {
  MCPCTL_ASSERT(count > 0);
  now_ = now;
  max_starts_ = count;
  changed_ = true;
  return finish();
}

FleetActions Fleet::stop_all(Duration deadline, Instant now) {
  now_ = now;
  if (stopping_all_) return {};
  stopping_all_ = true;
  successions_.clear();  // who was to succeed is a server to be stopped like any other
  changed_ = true;
  for (auto& [id, member] : members_) {
    held_.insert(id);
    released_.insert(id);
  }
  const Duration margin = deadline > 2 * kill_margin ? kill_margin : deadline / 2;
  actions_.emplace_back(ArmFleetDeadline{now + (deadline - margin)});
  return finish();
}

FleetActions Fleet::kill_all(Instant now) {
  now_ = now;
  held_.clear();
  released_.clear();
  for (auto& [id, member] : members_) {
    if (stopping_all_) feed(id, StopRequested{Motive::fleet});
    feed(id, KillRequested{});
  }
  changed_ = true;
  return finish();
}

FleetActions Fleet::deliver(ServerId id, const Event& event, Instant now) {
  now_ = now;
  if (members_.contains(id)) feed(id, event);
  return finish();
}

// ---- questions -------------------------------------------------------------

const Fleet::Member* Fleet::find(ServerId id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

std::optional<ServerId> Fleet::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

std::string Fleet::waits_for(ServerId id) const {
  const Member* member = find(id);
  if (member == nullptr || member->life.state() != State::waiting) return "";
  for (const config::Dependency& dependency : member->depends_on) {
    if (is_satisfied(dependency)) continue;
    const auto on = find(dependency.server);
    const std::string_view state = on ? name(find(*on)->life.state()) : "not configured";
    return dependency.server + " (" + std::string{state} + ")";
  }
  return stopping_all_ ? "nothing: the fleet stops" : "a start slot";
}

std::vector<std::string> Fleet::running_dependents(ServerId id) const {
  std::vector<std::string> names;
  for (const ServerId dependent : dependents_of(id)) {
    const Member* member = find(dependent);
    if (member != nullptr && member->life.has_process()) names.push_back(member->name);
  }
  return names;
}

const std::vector<ServerId>& Fleet::dependents_of(ServerId id) const {
  if (!dependents_known_) {
    dependents_.clear();
    for (const auto& [dependent, member] : members_) {
      for (const config::Dependency& dependency : member.depends_on) {
        if (const auto on = find(dependency.server)) dependents_[*on].push_back(dependent);
      }
    }
    dependents_known_ = true;
  }
  static const std::vector<ServerId> none;
  const auto found = dependents_.find(id);
  return found == dependents_.end() ? none : found->second;
}

// ---- one event, and all that follows from it --------------------------------

void Fleet::feed(ServerId id, const Event& event) {
  Lifecycle& life = members_.at(id).life;
  const State before = life.state();
  const bool alive_before = counts_as_alive(life);

  for (Action& action : life.step(event, now_)) {
    actions_.emplace_back(ServerAction{id, std::move(action)});
  }

  const State after = life.state();
  const bool alive_after = counts_as_alive(life);
  if (before == after) return;
  changed_ = true;
  if (before == State::starting) --starting_;
  if (after == State::starting) ++starting_;
  if (alive_before && !alive_after) --alive_;
  if (!alive_before && alive_after) ++alive_;
  if (before == State::waiting) std::erase(queue_, id);
  if (after == State::waiting) queue_.push_back(id);
  doubt_need_for(members_.at(id).depends_on);
  if (stopping_all_ && alive_before && !alive_after) {
    for (const config::Dependency& dependency : members_.at(id).depends_on) {
      if (const auto on = find(dependency.server)) released_.insert(*on);
    }
  }
}

FleetActions Fleet::finish() {
  while (std::exchange(changed_, false)) settle();
  if (stopping_all_ && alive_ == 0 && held_.empty() && !stopped_told_) {
    stopped_told_ = true;
    actions_.emplace_back(FleetStopped{});
  }
  return std::exchange(actions_, {});
}

void Fleet::settle() {
  conclude_successions();
  stop_released();
  forget_removed();
  keep_needed_awake();
  if (!stopping_all_) admit_waiting();
}

void Fleet::admit_waiting() {
  const std::vector<ServerId> candidates = queue_;
  for (const ServerId id : candidates) {
    if (starting_ >= max_starts_) return;
    const Member& member = members_.at(id);
    if (member.life.state() == State::waiting && may_start(member)) feed(id, Admitted{});
  }
}

/// Wakes lazy dependencies on the way.
bool Fleet::may_start(const Member& member) {
  bool satisfied = true;
  for (const config::Dependency& dependency : member.depends_on) {
    if (is_satisfied(dependency)) continue;
    satisfied = false;
    const auto on = find(dependency.server);
    if (on && find(*on)->life.state() == State::idle) feed(*on, Demanded{});
  }
  return satisfied;
}

bool Fleet::is_satisfied(const config::Dependency& dependency) const {
  const auto on = find(dependency.server);
  if (!on) return false;
  const Lifecycle& life = find(*on)->life;
  switch (dependency.need) {
    case config::Need::started:
      return life.state() == State::starting || life.state() == State::ready ||
             life.state() == State::degraded;
    case config::Need::ready: return life.state() == State::ready;
    case config::Need::completed: return life.state() == State::completed;
  }
  return false;
}

/// Dependencies that are wanted already are left as they are, but what they in turn
/// depend on may have been stopped.
void Fleet::start_dependencies(ServerId id) {
  std::set<ServerId> visited{id};
  start_what_is_needed_by(id, visited);
}

void Fleet::start_what_is_needed_by(ServerId id, std::set<ServerId>& visited) {
  if (!may_be_started(id)) return;
  const Member& member = members_.at(id);
  for (const config::Dependency& dependency : member.depends_on) {
    const auto on = find(dependency.server);
    if (!on || !visited.insert(*on).second) continue;
    start_what_is_needed_by(*on, visited);
    const bool is_down = may_be_started(*on) && find(*on)->life.goal() == Goal::down;
    if (is_down) feed(*on, StartRequested{Motive::dependency});
  }
}

/// During stop_all: whoever has lost its last live dependent is stopped now.
void Fleet::stop_released() {
  while (!released_.empty()) {
    const ServerId id = *released_.begin();
    released_.erase(released_.begin());
    if (!held_.contains(id) || has_live_dependent(id)) continue;
    held_.erase(id);
    feed(id, StopRequested{Motive::fleet});
  }
}

void Fleet::doubt_need_for(const std::vector<config::Dependency>& dependencies) {
  for (const config::Dependency& dependency : dependencies) {
    if (const auto on = find(dependency.server)) doubted_.insert(*on);
  }
}

/// A lazy server does not fall asleep under those that depend on it.
void Fleet::keep_needed_awake() {
  for (const ServerId id : std::exchange(doubted_, {})) {
    if (!members_.contains(id)) continue;
    const bool need_it = std::ranges::any_of(dependents_of(id), [this](ServerId dependent) {
      const Member* member = find(dependent);
      return member != nullptr && needs_its_dependencies(member->life.state());
    });
    feed(id, DependentsChanged{need_it});
  }
}

bool Fleet::has_live_dependent(ServerId id) const {
  return std::ranges::any_of(dependents_of(id), [this](ServerId dependent) {
    const Member* member = find(dependent);
    return member != nullptr && counts_as_alive(member->life);
  });
}

void Fleet::forget_removed() {
  for (auto it = leaving_.begin(); it != leaving_.end();) {
    const ServerId id = *it;
    if (members_.at(id).life.state() != State::stopped) {
      ++it;
      continue;
    }
    by_name_.erase(members_.at(id).name);
    members_.erase(id);
    held_.erase(id);
    released_.erase(id);
    dependents_known_ = false;
    actions_.emplace_back(ServerRemoved{id});
    it = leaving_.erase(it);
  }
}

}  // namespace mcpctl::supervisor
