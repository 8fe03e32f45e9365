// How a new process takes the place of one that serves: two servers to the fleet, of which
// the first is replaced by the second when that is ready.
#include <cstdlib>
#include <utility>

#include "base/assert.h"
#include "supervisor/fleet.h"

namespace mcpctl::supervisor {
namespace {

enum class Prospect { open, arrived, lost };

Prospect prospect(State state) {
  switch (state) {
    case State::waiting:
    case State::starting: return Prospect::open;
    case State::ready: return Prospect::arrived;
    case State::stopped:
    case State::idle:
    case State::degraded:
    case State::draining:
    case State::stopping:
    case State::backoff:
    case State::failed:
    case State::completed: return Prospect::lost;
  }
  std::abort();
}

}  // namespace

ServerId Fleet::add_successor(ServerId id, std::string name, Spec spec,
                              std::vector<config::Dependency> depends_on, bool required) {
  MCPCTL_ASSERT(may_be_started(id) && !successions_.contains(id) && !stopping_all_);
  // While it is one of two, nobody waits for it.
  const ServerId successor = add(std::move(name), std::move(spec), std::move(depends_on), false);
  members_.at(successor).life.succeed(members_.at(id).life);
  successions_.emplace(id, Succession{successor, required});
  return successor;
}

FleetActions Fleet::withdraw_successor(ServerId id, Instant now) {
  now_ = now;
  withdraw_succession(id);
  return finish();
}

std::optional<ServerId> Fleet::predecessor_of(ServerId id) const {
  for (const auto& [server, succession] : successions_) {
    if (succession.successor == id) return server;
  }
  return std::nullopt;
}

std::optional<ServerId> Fleet::successor_of(ServerId id) const {
  const auto found = successions_.find(id);
  if (found == successions_.end()) return std::nullopt;
  return found->second.successor;
}

void Fleet::conclude_successions() {
  for (const auto& [id, succession] : std::map{successions_}) {
    const Lifecycle& life = members_.at(succession.successor).life;
    switch (prospect(life.state())) {
      case Prospect::lost:
        if (life.goal() == Goal::down) break;  // not told to start yet
        successions_.erase(id);
        actions_.emplace_back(
            SuccessionFailed{id, succession.successor, life.why(), life.state(), false});
        dismiss(succession.successor, Motive::none);
        break;
      case Prospect::arrived:
        successions_.erase(id);
        take_over(id, succession.successor, succession.required);
        break;
      case Prospect::open: break;
    }
  }
}

void Fleet::take_over(ServerId id, ServerId successor, bool required) {
  Member& former = members_.at(id);
  Member& next = members_.at(successor);
  std::swap(former.name, next.name);
  by_name_.at(former.name) = id;
  by_name_.at(next.name) = successor;
  former.required = false;
  next.required = required;
  next.life.succeed(former.life);
  dependents_known_ = false;
  doubted_.insert({id, successor});
  actions_.emplace_back(Succeeded{id, successor});
  dismiss(id, Motive::succession);
}

/// Another order for one of the two: the one that serves goes on alone.
void Fleet::withdraw_succession(ServerId id) {
  const auto found = successions_.find(predecessor_of(id).value_or(id));
  if (found == successions_.end()) return;
  const auto [server, succession] = *found;
  successions_.erase(found);
  const Lifecycle& life = members_.at(succession.successor).life;
  actions_.emplace_back(
      SuccessionFailed{server, succession.successor, life.why(), life.state(), true});
  dismiss(succession.successor, Motive::none);
}

void Fleet::dismiss(ServerId id, Motive motive) {
  leaving_.insert(id);
  changed_ = true;
  feed(id, StopRequested{motive});
}

}  // namespace mcpctl::supervisor
