#include "relay/held_tasks.h"

#include <algorithm>
#include <utility>

namespace mcpctl::relay {

void HeldTasks::add(std::string id, PrincipalId holder) {
  for (auto& [principal, ids] : held_) std::erase(ids, id);
  if (!holder) return;
  std::deque<std::string>& own = held_[holder];
  if (own.size() == capacity) own.pop_front();
  own.push_back(std::move(id));
}

bool HeldTasks::may_see(std::string_view id, PrincipalId who) const {
  if (!who) return true;
  const auto held = held_.find(who);
  return held != held_.end() && std::ranges::find(held->second, id) != held->second.end();
}

}  // namespace mcpctl::relay
