#include "control/json.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "supervisor/exit_status.h"
#include "supervisor/state.h"
#include "supervisor/why.h"

namespace mcpctl::control {
namespace {

using Json = nlohmann::ordered_json;

/// Servers write what they like; bytes that are no UTF-8 become U+FFFD.
std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json{} : Json(text); }

Json ms_or_null(const std::optional<Duration>& duration) {
  return duration ? Json(duration->count()) : Json{};
}

/// nlohmann's dump() recurses: what a server sent may not be nested deeper than this.
bool is_shallow(std::string_view json, int limit = 32) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if ((c == '{' || c == '[') && ++depth > limit) return false;
    if (c == '}' || c == ']') --depth;
  }
  return true;
}

Json capabilities_of(const std::string& text) {
  if (text.empty() || !is_shallow(text)) return {};
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json{} : value;
}

Json exit_of(const std::optional<supervisor::ExitStatus>& status) {
  if (!status) return {};
  Json value;
  value["code"] = status->signal == 0 ? Json(status->code) : Json{};
  value["signal"] = status->signal != 0 ? Json(supervisor::signal_name(status->signal)) : Json{};
  value["core_dumped"] = status->core_dumped;
  value["out_of_memory"] = status->out_of_memory;
  value["text"] = supervisor::describe(*status);
  return value;
}

std::string_view name_of(config::Kind kind) {
  return kind == config::Kind::mcp ? "mcp" : "process";
}

std::string_view name_of(config::Transport transport) {
  switch (transport) {
    case config::Transport::stdio: return "stdio";
    case config::Transport::http: return "http";
    case config::Transport::remote: return "remote";
  }
  return "";
}

Json protocol_of(const runtime::ServerStatus& status, Json value) {
  value["era"] = text_or_null(status.era);
  value["protocol_version"] = text_or_null(status.protocol_version);
  value["server_info"] = nullptr;
  if (!status.server_name.empty() || !status.server_version.empty()) {
    value["server_info"] = {{"name", status.server_name}, {"version", status.server_version}};
  }
  value["tools"] = status.tools;
  value["capabilities"] = capabilities_of(status.capabilities);
  value["ping_unanswered"] = status.ping_unanswered;
  value["garbage_lines"] = status.garbage_lines;
  value["clients"] = status.clients;
  value["calls"] = status.calls;
  value["in_flight"] = status.in_flight;
  value["waiting"] = status.waiting;
  return value;
}

Json json_of(const std::optional<runtime::SuccessorStatus>& successor) {
  if (!successor) return {};
  return {{"name", successor->name},
          {"state", supervisor::name(successor->state)},
          {"why", successor->why_text},
          {"stderr_tail", successor->stderr_tail}};
}

Json json_of(const runtime::ClientSession& session) {
  Json value;
  value["id"] = session.id;
  value["path"] = session.server.empty() ? "/mcp" : "/mcp/" + session.server;
  value["server"] = text_or_null(session.server);
  value["client_info"] = nullptr;
  if (!session.client_name.empty() || !session.client_version.empty()) {
    value["client_info"] = {{"name", session.client_name}, {"version", session.client_version}};
  }
  value["protocol_version"] = session.protocol_version;
  value["token"] = text_or_null(session.token);
  value["remote"] = text_or_null(session.remote);
  value["age_ms"] = session.age.count();
  value["idle_ms"] = session.idle.count();
  value["in_flight"] = session.in_flight;
  value["streams"] = session.streams;
  return value;
}

Json json_of(const runtime::ServerStatus& status, bool with_usage) {
  const bool measured = with_usage && status.pid.has_value();
  Json value;
  value["name"] = status.name;
  value["state"] = supervisor::name(status.state);
  value["goal"] = supervisor::name(status.goal);
  value["why"] = status.why_text;
  value["trigger"] = supervisor::name(status.why.trigger);
  value["waits_for"] = text_or_null(status.waits_for);
  value["in_state_ms"] = status.in_state.count();
  value["required"] = status.required;
  value["kind"] = name_of(status.kind);
  value["transport"] =
      status.kind == config::Kind::process ? Json{} : Json(name_of(status.transport));
  value["lazy"] = status.startup == config::Startup::lazy;
  value["command"] = text_or_null(status.command_line);
  value["url"] = text_or_null(status.url);
  value["port"] = status.port != 0 ? Json(status.port) : Json{};
  value["pid"] = status.pid ? Json(*status.pid) : Json{};
  value["incarnation"] = status.incarnation;
  value["uptime_ms"] = ms_or_null(status.uptime);
  value["restarts"] = status.restarts;
  value["next_start_ms"] = ms_or_null(status.next_start);
  value["last_exit"] = exit_of(status.last_exit);
  value["successor"] = json_of(status.successor);
  value["survivors"] = status.survivors;
  value["memory_bytes"] = measured ? Json(status.memory_bytes) : Json{};
  value["cpu_ms"] = measured ? Json(status.cpu_ms) : Json{};
  value["processes"] = measured ? Json(status.processes) : Json{};
  value = protocol_of(status, std::move(value));
  value["status_text"] = text_or_null(status.status_text);
  value["log"] = {{"lines", status.log_lines},
                  {"bytes", status.log_bytes},
                  {"dropped_lines", status.log_dropped}};
  value["stderr_tail"] = status.stderr_tail;
  return value;
}

Json json_of(const supervisor::Change& change) {
  Json value{
      {"action", supervisor::name(change.kind)}, {"server", change.server}, {"keys", change.keys}};
  if (change.kind == supervisor::Change::Kind::restart) value["rolling"] = change.is_rolling;
  return value;
}

Json json_of(const supervisor::Plan& plan) {
  Json changes = Json::array();
  for (const supervisor::Change& change : plan) changes.push_back(json_of(change));
  return changes;
}

Json json_of(const config::Problem& problem) {
  const bool is_error = problem.severity == config::Problem::Severity::error;
  return {{"severity", is_error ? "error" : "warning"},
          {"file", problem.where.file},
          {"line", problem.where.line},
          {"column", problem.where.column},
          {"message", problem.message},
          {"suggestion", text_or_null(problem.suggestion)},
          {"text", config::render(problem)}};
}

}  // namespace

std::string to_json(const runtime::ServerStatus& status, bool with_usage) {
  return text_of(json_of(status, with_usage));
}

std::string to_json(const runtime::FleetStatus& status, bool with_usage) {
  Json value;
  value["fleet"] = status.fleet;
  value["ready"] = runtime::is_ready(status);
  value["stopping"] = status.stopping;
  value["gateway"] = text_or_null(status.gateway);
  value["config_files"] = status.config_files;
  value["config_stale"] = status.config_stale;
  value["servers"] = Json::array();
  for (const auto& server : status.servers) value["servers"].push_back(json_of(server, with_usage));
  return text_of(value);
}

std::string to_json(const runtime::Clients& clients) {
  Json value;
  value["gateway"] = text_or_null(clients.gateway);
  value["sessions"] = Json::array();
  for (const runtime::ClientSession& session : clients.sessions) {
    value["sessions"].push_back(json_of(session));
  }
  value["without_session"] = {{"requests", clients.requests},
                              {"subscriptions", clients.subscriptions}};
  return text_of(value);
}

std::string to_json(const runtime::ServerStatus& server, const runtime::Pong& pong) {
  Json value;
  value["server"] = server.name;
  value["asked"] = mcp::name(pong.asked);
  value["round_trip_ms"] = static_cast<double>(pong.round_trip.count()) / 1000;
  value["era"] = text_or_null(server.era);
  value["protocol_version"] = text_or_null(server.protocol_version);
  value["transport"] = name_of(server.transport);
  value["state"] = supervisor::name(server.state);
  return text_of(value);
}

std::string to_json(const runtime::Transitioned& transition) {
  Json value;
  value["sequence"] = transition.sequence;
  value["time"] = utc_time(transition.unix_ms);
  value["unix_ms"] = transition.unix_ms;
  value["server"] = transition.server;
  value["incarnation"] = transition.incarnation;
  value["from"] = supervisor::name(transition.from);
  value["to"] = supervisor::name(transition.to);
  value["trigger"] = supervisor::name(transition.why.trigger);
  value["why"] = transition.why_text;
  value["pid"] = transition.pid != 0 ? Json(transition.pid) : Json{};
  return text_of(value);
}

std::string to_json(std::string_view server, const runtime::Line& line, std::string_view text) {
  Json value;
  value["server"] = server;
  value["sequence"] = line.sequence;
  value["time"] = utc_time(line.unix_ms);
  value["unix_ms"] = line.unix_ms;
  value["stream"] = name(line.stream);
  value["text"] = text;
  if (line.continued) value["continued"] = true;
  return text_of(value);
}

std::string to_json(const supervisor::Plan& plan) {
  return text_of(Json{{"changes", json_of(plan)}});
}

std::string to_json(const config::Problem& problem) { return text_of(json_of(problem)); }

std::string to_json(const runtime::ReloadOutcome& outcome) {
  Json problems = Json::array();
  for (const config::Problem& problem : outcome.problems) problems.push_back(json_of(problem));
  return text_of(
      Json{{"applied", outcome.applied},
           {"changes", json_of(outcome.plan)},
           {"gateway",
            {{"update", outcome.gateway.in_place}, {"next_start", outcome.gateway.next_start}}},
           {"problems", std::move(problems)}});
}

std::string array_of(std::span<const std::string> values) {
  std::string text = "[";
  for (const std::string& value : values) {
    if (text.size() > 1) text += ",\n ";
    text += value;
  }
  return text + "]";
}

std::string quoted(std::string_view text) { return text_of(Json(text)); }

std::string_view name(runtime::Stream stream) {
  switch (stream) {
    case runtime::Stream::out: return "stdout";
    case runtime::Stream::err: return "stderr";
    case runtime::Stream::note:
    case runtime::Stream::state: return "mcpctl";
  }
  return "";
}

std::string utc_time(std::int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  std::tm parts{};
  if (unix_ms < 0 || ::gmtime_r(&seconds, &parts) == nullptr) return "";
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(unix_ms % 1000));
  return text;
}

std::string to_json(std::span<const Commanded> outcomes) {
  Json results = Json::array();
  for (const Commanded& outcome : outcomes) {
    results.push_back({{"server", outcome.server},
                       {"accepted", outcome.error.empty()},
                       {"error", text_or_null(outcome.error)}});
  }
  return text_of(Json{{"results", std::move(results)}});
}

std::string to_json(const ProblemDetails& problem) {
  Json value;
  value["type"] = "about:blank";
  value["title"] = problem.title;
  value["status"] = problem.status;
  if (!problem.detail.empty()) value["detail"] = problem.detail;
  if (!problem.suggestion.empty()) value["suggestion"] = problem.suggestion;
  return text_of(value);
}

}  // namespace mcpctl::control
