// What the tasks of one server are called where all servers are offered as one (MCP
// 2025-11-25, tasks, and the extension of 2026-07-28): "server__id", so that two servers'
// tasks are never the same, and nothing need be remembered to tell whose one is.  Never
// shortened: a task's id has no greatest length.
#pragma once
#include <string>
#include <string_view>

#include "relay/request.h"

namespace mcpctl::relay {

/// What an answer says of tasks, beside its _meta.
enum class TaskAnswer : unsigned char {
  nothing,
  created,  ///< of a request that wants to be a task
  instead,  ///< of a call that may be answered with a task (task_extension.h)
  one,      ///< tasks/get, tasks/cancel
  many,     ///< tasks/list
};
/// `era`: of the client.
TaskAnswer task_answer_to(const Request& request, mcp::Era era);

class TaskNames {
 public:
  explicit TaskNames(std::string_view server);

  /// Whether `joined` is what one of this server's tasks could be called; plain.
  bool is_one(std::string_view joined) const;

  /// A message of the server's as a client of all servers gets it.  `answer`: of a response.
  std::string to_client(std::string_view text, TaskAnswer answer) const;
  /// A message of such a client's as the server gets it.
  std::string to_server(std::string_view text) const;

 private:
  std::string prefix_;  ///< with the separator
};

}  // namespace mcpctl::relay
