#include "gateway/visit.h"

#include <algorithm>
#include <array>

#include "mcp/text.h"

namespace mcpctl::gateway {
namespace {

/// The most frequent first.
constexpr std::array<std::string_view, 30> methods{
    "tools/call",
    "initialize",
    "server/discover",
    "ping",
    "tools/list",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "completion/complete",
    "logging/setLevel",
    "tasks/list",
    "tasks/get",
    "tasks/result",
    "tasks/update",
    "tasks/cancel",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/message",
    "notifications/tasks/status",
    "sampling/createMessage",
    "elicitation/create",
    "roots/list",
    "response",
};

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 128;
  std::string clean = mcp::printable(text, longest);
  std::replace(clean.begin(), clean.end(), '"', '\'');
  return clean.find_first_of(" =") == std::string::npos ? clean : '"' + clean + '"';
}

}  // namespace

std::string_view known_method(std::string_view method) {
  const auto found = std::find(methods.begin(), methods.end(), method);
  return found != methods.end() ? *found : "other";
}

std::string access_line(const Visit& visit, int status, Duration took) {
  std::string line = "client peer=" + visit.peer + " http=" + shown(visit.verb) +
                     " server=" + (visit.server.empty() ? "*" : shown(visit.server));
  const auto add = [&line](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    line += ' ';
    line += key;
    line += '=';
    line += shown(value);
  };
  add("token", visit.client);
  add("method", visit.method);
  add("tool", visit.tool);
  return line + " status=" + std::to_string(status) + " ms=" + std::to_string(took.count());
}

}  // namespace mcpctl::gateway
