#include "relay/task_extension.h"

#include "mcp/raw.h"
#include "mcp/splice.h"
#include "relay/method.h"

namespace mcpctl::relay {
namespace {

constexpr std::string_view extension = "io.modelcontextprotocol/tasks";

}  // namespace

bool knows_task_extension(std::string_view capabilities) {
  return !mcp::member(mcp::member(capabilities, "extensions"), extension).empty();
}

std::string without_task_extension(std::string_view capabilities) {
  const std::string_view extensions = mcp::member(capabilities, "extensions");
  if (mcp::member(extensions, extension).empty()) return std::string{capabilities};
  std::string others = "{";
  mcp::RawObject members{extensions};
  while (const auto member = members.next()) {
    if (mcp::is_string(member->key, extension)) continue;
    if (others.size() > 1) others += ',';
    others.append(member->key).append(":").append(member->value);
  }
  others += '}';
  const auto at = static_cast<std::size_t>(extensions.data() - capabilities.data());
  return mcp::splice(capabilities, {at, extensions.size()}, others);
}

bool needs_task_extension(const Request& request) {
  const mcp::Envelope& envelope = request.envelope;
  const Method method = method_of(envelope.method.in(request.text));
  if (method != Method::subscriptions_listen) return is_extension_task_method(method);
  return !mcp::member(envelope.params_notifications.in(request.text), "taskIds").empty();
}

}  // namespace mcpctl::relay
