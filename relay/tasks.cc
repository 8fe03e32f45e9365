#include "relay/tasks.h"

#include <algorithm>
#include <utility>

#include "mcp/raw.h"

namespace mcpctl::relay {

void TaskOwners::add(std::string id, DownstreamId owner, std::uint64_t token,
                     std::string progress_token) {
  // A server that names a task twice must not thereby give it to another client.
  if (this->owner(id)) return;
  if (tasks_.size() == capacity) tasks_.pop_front();
  tasks_.push_back({std::move(id), owner, token, std::move(progress_token)});
}

DownstreamId TaskOwners::owner(std::string_view id) const {
  const auto task = std::ranges::find(tasks_, id, &Task::id);
  return task == tasks_.end() ? DownstreamId{} : task->owner;
}

std::optional<TaskOwners::Progress> TaskOwners::progress(std::uint64_t token) const {
  const auto task = std::ranges::find(tasks_, token, &Task::token);
  if (task == tasks_.end() || task->progress_token.empty()) return std::nullopt;
  return Progress{task->owner, task->progress_token};
}

void TaskOwners::ended(std::string_view id) {
  const auto task = std::ranges::find(tasks_, id, &Task::id);
  if (task != tasks_.end()) task->progress_token.clear();
}

std::string TaskOwners::own_tasks(std::string_view result, DownstreamId owner) const {
  std::string own = "{";
  const auto separate = [&own](char open) {
    if (own.back() != open) own += ',';
  };
  mcp::RawObject members{result};
  while (const auto member = members.next()) {
    separate('{');
    own += member->key;
    own += ':';
    if (!mcp::is_string(member->key, "tasks")) {
      own += member->value;
      continue;
    }
    own += '[';
    mcp::RawArray tasks{member->value};
    while (const auto task = tasks.next()) {
      const auto id = mcp::string_value(mcp::member(*task, "taskId"));
      if (!id || this->owner(*id) != owner) continue;
      separate('[');
      own += *task;
    }
    own += ']';
  }
  return own + '}';
}

}  // namespace mcpctl::relay
