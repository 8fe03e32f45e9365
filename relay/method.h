// The methods that a relay treats in a way of their own; it passes all others on.
#pragma once
#include <string_view>

#include "mcp/envelope.h"

namespace mcpctl::relay {

enum class Method : unsigned char {
  other,
  // Of clients.
  tools_list,
  tools_call,
  prompts_list,
  prompts_get,
  resources_list,
  resource_templates_list,
  resources_read,
  resources_subscribe,
  resources_unsubscribe,
  subscriptions_listen,
  completion,
  tasks_list,
  tasks_get,
  tasks_result,
  tasks_update,
  tasks_cancel,
  // Of servers.
  ping,
  sampling,
  elicitation,
  roots,
  // Notifications.
  progress,
  cancelled,
  log,
  tools_changed,
  prompts_changed,
  resources_changed,
  resource_updated,
  task_status,
  task_changed,  ///< notifications/tasks
  listening,     ///< notifications/subscriptions/acknowledged
};

/// `raw`: a method as it stands in a message, with its quotes.
Method method_of(std::string_view raw);

/// Its result says how long it may be cached (MCP 2026-07-28, caching).
constexpr bool is_cacheable(Method method) {
  return method == Method::tools_list || method == Method::prompts_list ||
         method == Method::resources_list || method == Method::resource_templates_list ||
         method == Method::resources_read;
}

/// May be answered with input_required (MCP 2026-07-28, multi round-trip requests).
constexpr bool may_need_input(Method method) {
  return method == Method::tools_call || method == Method::prompts_get ||
         method == Method::resources_read;
}

/// About one task, in either era.
constexpr bool is_task_method(Method method) {
  return method == Method::tasks_get || method == Method::tasks_result ||
         method == Method::tasks_update || method == Method::tasks_cancel;
}

/// Of the modern era's extension of tasks (task_extension.h).
constexpr bool is_extension_task_method(Method method) {
  return is_task_method(method) && method != Method::tasks_result;
}

/// The member of params that the header Mcp-Name repeats (MCP 2026-07-28): the name, URI or
/// task that a request is about.  Empty for other methods.
constexpr mcp::Span named_by(Method method, const mcp::Envelope& envelope) {
  if (method == Method::tools_call || method == Method::prompts_get) return envelope.params_name;
  if (method == Method::resources_read) return envelope.params_uri;
  return is_extension_task_method(method) ? envelope.params_task_id : mcp::Span{};
}

/// Changes nothing at the server, so that it can be sent a second time.
constexpr bool is_repeatable(Method method) {
  return is_cacheable(method) || method == Method::prompts_get || method == Method::completion;
}

}  // namespace mcpctl::relay
