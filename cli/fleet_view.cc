#include "cli/fleet_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/suggest.h"

namespace mcpctl::cli {
namespace {

/// Ordered, so that what is shown again keeps its shape.
using Json = nlohmann::ordered_json;

/// The member, or null.
const Json& member(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

bool flag(const Json& object, const char* key, bool otherwise) {
  const Json& value = member(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

template <typename Number>
std::optional<Number> number(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_number()) return std::nullopt;
  return value.get<Number>();
}

std::optional<Duration> duration(const Json& object, const char* key) {
  const auto ms = number<std::int64_t>(object, key);
  return ms ? std::optional{Duration{*ms}} : std::nullopt;
}

std::vector<std::string> texts(const Json& object, const char* key) {
  std::vector<std::string> values;
  const Json& array = member(object, key);
  if (!array.is_array()) return values;
  for (const Json& value : array) {
    if (value.is_string()) values.push_back(value.get<std::string>());
  }
  return values;
}

Result<Json> parsed(std::string_view json) {
  Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded()) {
    return failure("cannot understand the supervisor's answer: it is no JSON");
  }
  return value;
}

ServerView server_of(const Json& json) {
  ServerView server;
  server.name = text(json, "name");
  server.state = text(json, "state");
  server.goal = text(json, "goal");
  server.why = text(json, "why");
  server.waits_for = text(json, "waits_for");
  server.kind = text(json, "kind");
  server.transport = text(json, "transport");
  server.protocol_version = text(json, "protocol_version");
  server.required = flag(json, "required", true);
  server.pid = number<int>(json, "pid");
  server.incarnation = number<std::uint32_t>(json, "incarnation").value_or(0);
  server.restarts = number<unsigned>(json, "restarts").value_or(0);
  server.uptime = duration(json, "uptime_ms");
  server.memory_bytes = number<std::uint64_t>(json, "memory_bytes");
  server.cpu = duration(json, "cpu_ms");
  const Json& tools = member(json, "tools");
  server.tools = tools.is_array() ? tools.size() : 0;
  server.calls = number<std::uint64_t>(json, "calls").value_or(0);
  server.stderr_tail = texts(json, "stderr_tail");
  server.survivors = texts(json, "survivors");
  const Json& successor = member(json, "successor");
  server.successor_state = text(successor, "state");
  if (server.successor_state == "failed") {
    server.successor_failure = text(successor, "why");
    server.successor_tail = texts(successor, "stderr_tail");
  }
  return server;
}

SessionView session_of(const Json& json) {
  const Json& client = member(json, "client_info");
  return {.id = text(json, "id"),
          .path = text(json, "path"),
          .client_name = text(client, "name"),
          .client_version = text(client, "version"),
          .protocol_version = text(json, "protocol_version"),
          .token = text(json, "token"),
          .remote = text(json, "remote"),
          .age = duration(json, "age_ms").value_or(Duration{0}),
          .idle = duration(json, "idle_ms").value_or(Duration{0}),
          .in_flight = number<std::size_t>(json, "in_flight").value_or(0),
          .streams = number<std::size_t>(json, "streams").value_or(0)};
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TransitionView transition_of(const Json& json) {
  return {text(json, "time"),
          text(json, "server"),
          number<std::uint32_t>(json, "incarnation").value_or(0),
          text(json, "from"),
          text(json, "to"),
          text(json, "why"),
          number<int>(json, "pid"),
          line_of(json)};
}

LogLineView log_line_of(const Json& json) {
  return {
      text(json, "server"), text(json, "time"), number<std::int64_t>(json, "unix_ms").value_or(0),
      text(json, "stream"), text(json, "text"), line_of(json)};
}

}  // namespace

std::string reason_of(const ServerView& server) {
  if (server.state == "waiting" && !server.waits_for.empty()) return "for " + server.waits_for;
  if (server.pid && !server.successor_failure.empty()) {
    return server.why + "; its new process did not become ready: " + server.successor_failure;
  }
  return server.why;
}

std::string unknown_server(const std::vector<std::string>& names,
                           std::span<const std::string_view> known) {
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return "no server \"" + name + "\" in this fleet" + config::did_you_mean_clause(name, known);
  }
  return "";
}

std::string FleetView::unknown_name(const std::vector<std::string>& names) const {
  std::vector<std::string_view> known;
  for (const ServerView& server : servers) known.push_back(server.name);
  return unknown_server(names, known);
}

bool FleetView::waits_in_vain(const ServerView& server) const {
  const ServerView* at = &server;
  for (std::size_t steps = 0; at != nullptr && steps < servers.size(); ++steps) {
    if (at->state != "waiting") return false;
    const std::string& text = at->waits_for;  // "redis (starting)"
    at = find(std::string_view{text}.substr(0, text.rfind(" (")));
    if (at != nullptr && at->state == "failed") return true;
  }
  return false;
}

const ServerView* FleetView::find(std::string_view name) const {
  for (const ServerView& server : servers) {
    if (server.name == name) return &server;
  }
  return nullptr;
}

Result<FleetView> read_fleet(std::string_view json) {
  const auto value = parsed(json);
  if (!value) return std::unexpected{value.error()};
  FleetView fleet;
  fleet.fleet = text(*value, "fleet");
  fleet.ready = flag(*value, "ready", false);
  fleet.stopping = flag(*value, "stopping", false);
  fleet.config_stale = flag(*value, "config_stale", false);
  const Json& servers = member(*value, "servers");
  if (!servers.is_array()) {
    return failure("cannot understand the supervisor's answer: it has no \"servers\"");
  }
  for (const Json& server : servers) fleet.servers.push_back(server_of(server));
  return fleet;
}

std::vector<Refusal> read_refusals(std::string_view json) {
  std::vector<Refusal> refusals;
  const auto value = parsed(json);
  if (!value || !member(*value, "results").is_array()) return refusals;
  for (const Json& result : member(*value, "results")) {
    if (flag(result, "accepted", true)) continue;
    refusals.push_back({text(result, "server"), text(result, "error")});
  }
  return refusals;
}

Result<PongView> read_pong(std::string_view json) {
  const auto pong = parsed(json);
  if (!pong) return std::unexpected{pong.error()};
  const auto round_trip = number<double>(*pong, "round_trip_ms");
  if (!round_trip) {
    return failure("cannot understand the supervisor's answer: it has no \"round_trip_ms\"");
  }
  return PongView{text(*pong, "server"), text(*pong, "asked"), *round_trip,
                  text(*pong, "protocol_version"), text(*pong, "transport")};
}

Result<ClientsView> read_clients(std::string_view json) {
  const auto clients = parsed(json);
  if (!clients) return std::unexpected{clients.error()};
  const Json& sessions = member(*clients, "sessions");
  if (!sessions.is_array()) {
    return failure("cannot understand the supervisor's answer: it has no \"sessions\"");
  }
  const Json& others = member(*clients, "without_session");
  ClientsView view;
  view.gateway = text(*clients, "gateway");
  for (const Json& session : sessions) view.sessions.push_back(session_of(session));
  view.requests = number<std::size_t>(others, "requests").value_or(0);
  view.subscriptions = number<std::size_t>(others, "subscriptions").value_or(0);
  return view;
}

Result<TransitionView> read_transition(std::string_view json) {
  const auto value = parsed(json);
  if (!value) return std::unexpected{value.error()};
  return transition_of(*value);
}

Result<std::vector<TransitionView>> read_transitions(std::string_view json) {
  const auto value = parsed(json);
  if (!value) return std::unexpected{value.error()};
  std::vector<TransitionView> transitions;
  if (value->is_array()) {
    for (const Json& transition : *value) transitions.push_back(transition_of(transition));
  }
  return transitions;
}

Result<LogLineView> read_log_line(std::string_view json) {
  const auto value = parsed(json);
  if (!value) return std::unexpected{value.error()};
  return log_line_of(*value);
}

Result<std::vector<LogLineView>> read_log_lines(std::string_view json) {
  const auto value = parsed(json);
  if (!value) return std::unexpected{value.error()};
  std::vector<LogLineView> lines;
  if (value->is_array()) {
    for (const Json& line : *value) lines.push_back(log_line_of(line));
  }
  return lines;
}

}  // namespace mcpctl::cli
