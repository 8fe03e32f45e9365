// Whose the tasks of a legacy server are (MCP 2025-11-25, tasks): a task is
// seen, waited for and cancelled only by the client that asked for it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "relay/request.h"

namespace mcpctl::relay {

class TaskOwners {
 public:
  /// Who made more than this many forgets the eldest.
  static constexpr std::size_t capacity = 4096;

  /// `id`: the task's, plain.  `token`: the progress token at the server, which goes on
  /// until the task ends, and what the client calls it (raw; empty: nothing).
  void add(std::string id, DownstreamId owner, std::uint64_t token, std::string progress_token);

  /// None: no such task.
  DownstreamId owner(std::string_view id) const;

  struct Progress {
    DownstreamId owner;
    std::string_view token;  ///< raw, as the client named it
  };
  std::optional<Progress> progress(std::uint64_t token) const;
  /// The task has ended: no progress any more.
  void ended(std::string_view id);

  /// The result of tasks/list with only the tasks of `owner`.  `result`: a raw object.
  std::string own_tasks(std::string_view result, DownstreamId owner) const;

 private:
  struct Task {
    std::string id;
    DownstreamId owner;
    std::uint64_t token;
    std::string progress_token;
  };
  std::deque<Task> tasks_;
};

}  // namespace mcpctl::relay
