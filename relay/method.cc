#include "relay/method.h"

#include <string>

#include "mcp/raw.h"

namespace mcpctl::relay {
namespace {

struct Named {
  std::string_view raw;
  Method method;
};

/// The most frequent first.
constexpr Named methods[]{
    {"\"tools/call\"", Method::tools_call},
    {"\"notifications/progress\"", Method::progress},
    {"\"notifications/message\"", Method::log},
    {"\"tools/list\"", Method::tools_list},
    {"\"resources/read\"", Method::resources_read},
    {"\"resources/list\"", Method::resources_list},
    {"\"resources/templates/list\"", Method::resource_templates_list},
    {"\"prompts/get\"", Method::prompts_get},
    {"\"prompts/list\"", Method::prompts_list},
    {"\"completion/complete\"", Method::completion},
    {"\"resources/subscribe\"", Method::resources_subscribe},
    {"\"resources/unsubscribe\"", Method::resources_unsubscribe},
    {"\"subscriptions/listen\"", Method::subscriptions_listen},
    {"\"tasks/list\"", Method::tasks_list},
    {"\"tasks/get\"", Method::tasks_get},
    {"\"tasks/result\"", Method::tasks_result},
    {"\"tasks/update\"", Method::tasks_update},
    {"\"tasks/cancel\"", Method::tasks_cancel},
    {"\"ping\"", Method::ping},
    {"\"sampling/createMessage\"", Method::sampling},
    {"\"elicitation/create\"", Method::elicitation},
    {"\"roots/list\"", Method::roots},
    {"\"notifications/cancelled\"", Method::cancelled},
    {"\"notifications/tools/list_changed\"", Method::tools_changed},
    {"\"notifications/prompts/list_changed\"", Method::prompts_changed},
    {"\"notifications/resources/list_changed\"", Method::resources_changed},
    {"\"notifications/resources/updated\"", Method::resource_updated},
    {"\"notifications/tasks/status\"", Method::task_status},
    {"\"notifications/tasks\"", Method::task_changed},
    {"\"notifications/subscriptions/acknowledged\"", Method::listening},
};

}  // namespace

Method method_of(std::string_view raw) {
  for (const Named& named : methods) {
    if (raw == named.raw) return named.method;
  }
  // A method may be written with escapes, and then is no other for it.
  if (raw.find('\\') == raw.npos) return Method::other;
  const auto plain = mcp::string_value(raw);
  return plain && plain->find('\\') == plain->npos ? method_of('"' + *plain + '"') : Method::other;
}

}  // namespace mcpctl::relay
