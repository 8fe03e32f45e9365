#include "control/api.h"

#include <unistd.h>

#include <algorithm>

#include "config/dump.h"
#include "config/suggest.h"

#include "control/json.h"
#include "control/log_query.h"
#include "control/metrics.h"
#include "control/parameters.h"
#include "control/reply.h"
#include "control/traffic_metrics.h"
#include "control/version.h"

namespace mcpctl::control {
namespace {

/// HEAD is answered as GET; the server leaves out the body.
bool reads(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

http::Response wrong_method(std::string_view allowed) {
  http::Response response = problem_reply(405, "this path answers " + std::string{allowed});
  response.headers.set("Allow", allowed);
  return response;
}

bool is_settled(const runtime::ServerStatus& server) {
  using supervisor::State;
  return server.state == State::ready || server.state == State::completed ||
         server.state == State::idle;
}

}  // namespace

std::optional<runtime::Command> command_named(std::string_view word) {
  if (word == "start") return runtime::Command::start;
  if (word == "stop") return runtime::Command::stop;
  if (word == "restart") return runtime::Command::restart;
  if (word == "reset") return runtime::Command::reset;
  if (word == "kill") return runtime::Command::kill;
  return std::nullopt;
}

http::Response unknown_path(const http::Request& request) {
  return problem_reply(404, "no such path: " + request.path, "see docs/api.md for the paths");
}

std::optional<http::Response> missing_server(const config::Config& config,
                                             const std::string& name) {
  std::vector<std::string_view> known;
  for (const config::Server& server : config.servers) {
    if (server.name == name) return std::nullopt;
    known.push_back(server.name);
  }
  for (const config::Unusable& unusable : config.unusable) {
    if (unusable.server == name) return std::nullopt;
    known.push_back(unusable.server);
  }
  if (std::ranges::find(config.disabled, name) != config.disabled.end()) {
    return problem_reply(404, "server \"" + name + "\" is disabled in the configuration");
  }
  return problem_reply(404, "no server \"" + name + "\" in this fleet",
                       config::did_you_mean(name, known));
}

Api::Api(runtime::Supervisor& supervisor, std::function<void()> on_shutdown,
         std::function<std::string()> more_metrics, std::function<runtime::Clients()> clients)
    : supervisor_(supervisor),
      on_shutdown_(std::move(on_shutdown)),
      more_metrics_(std::move(more_metrics)),
      clients_(std::move(clients)) {}

http::Response Api::answer(const http::Request& request) {
  const Path path = request.segments();
  if (path.size() == 1) return answer_probe(request);
  if (path.size() < 3 || path[0] != "api" || path[1] != "v1") return unknown_path(request);
  const Path rest{path.begin() + 2, path.end()};
  if (rest[0] == "servers" && rest.size() > 1) return answer_server(request, rest);
  if (rest.size() > 1) return unknown_path(request);
  return answer_fleet(request, rest);
}

http::Response Api::answer_probe(const http::Request& request) {
  const bool is_known =
      request.path == "/livez" || request.path == "/readyz" || request.path == "/metrics";
  if (!is_known) return unknown_path(request);
  if (!reads(request)) return wrong_method("GET");
  if (request.path == "/livez") return text_reply(200, "ok\n");
  if (request.path == "/readyz") return readiness();
  std::string page = metrics(supervisor_.status(true), OwnUsage::of_this_process()) +
                     traffic_metrics(supervisor_.traffic());
  if (more_metrics_) page += more_metrics_();
  return text_reply(200, std::move(page), metrics_type);
}

http::Response Api::answer_fleet(const http::Request& request, const Path& path) {
  const std::string& what = path[0];
  if (what == "reload" || what == "shutdown" || command_named(what)) {
    if (request.method != "POST") return wrong_method("POST");
    if (what == "reload") return reload(flag_parameter(request, "dry_run"));
    if (what != "shutdown") return command_many(what, request);
    on_shutdown_();
    return json_reply(202, R"({"stopping":true})");
  }
  const bool is_known = what == "version" || what == "servers" || what == "logs" ||
                        what == "plan" || what == "config" || what == "sessions";
  if (!is_known) return unknown_path(request);
  if (!reads(request)) return wrong_method("GET");
  if (what == "version") return version();
  if (what == "logs") return logs(request, "");
  if (what == "plan") return reload(true);
  if (what == "sessions") {
    return json_reply(200, to_json(clients_ ? clients_() : runtime::Clients{}));
  }
  if (what == "config") return json_reply(200, config::to_json(supervisor_.config()));
  const bool with_usage = flag_parameter(request, "usage", true);
  return json_reply(200, to_json(supervisor_.status(with_usage), with_usage));
}

http::Response Api::answer_server(const http::Request& request, const Path& path) {
  const std::string& name = path[1];
  if (auto missing = missing_server(supervisor_.config(), name)) return std::move(*missing);
  if (path.size() == 2) {
    if (!reads(request)) return wrong_method("GET");
    const bool with_usage = flag_parameter(request, "usage", true);
    const auto status = supervisor_.status_of(name, with_usage);
    if (!status) return problem_reply(404, status.error().message);
    return json_reply(200, to_json(*status, with_usage));
  }
  if (path.size() != 3) return unknown_path(request);
  if (path[2] == "logs") {
    return reads(request) ? logs(request, name) : wrong_method("GET");
  }
  if (path[2] == "ping") return wrong_method("POST");  // else the Door had taken it
  const auto command = command_named(path[2]);
  if (!command) return unknown_path(request);
  if (request.method != "POST") return wrong_method("POST");
  if (const auto done = give(*command, name, request); !done) {
    return problem_reply(409, done.error().message);
  }
  return json_reply(202, to_json(std::vector<Commanded>{{name, ""}}));
}

http::Response Api::version() const {
  const config::Config& config = supervisor_.config();
  std::vector<std::string> files;
  for (const std::string& file : config.files) files.push_back(control::quoted(file));
  return json_reply(200, "{\"version\":" + control::quoted(control::version()) +
                             ",\"fleet\":" + control::quoted(config.name) +
                             ",\"pid\":" + std::to_string(::getpid()) +
                             ",\"config_files\":" + array_of(files) + "}");
}

Result<void> Api::give(runtime::Command command, const std::string& server,
                       const http::Request& request) {
  const bool rolling = command == runtime::Command::restart && flag_parameter(request, "rolling");
  return rolling ? supervisor_.restart_rolling(server) : supervisor_.command(command, server);
}

/// Names are checked before anything is done: a typing error does nothing at all.
http::Response Api::command_many(const std::string& verb, const http::Request& request) {
  const config::Config& config = supervisor_.config();
  std::vector<std::string> names = list_parameter(request, "server");
  if (names.empty() && !flag_parameter(request, "all")) {
    return problem_reply(400, "no server is named", "add ?server=NAME,NAME or ?all=1");
  }
  for (const std::string& name : names) {
    if (auto missing = missing_server(config, name)) return std::move(*missing);
  }
  if (names.empty()) {
    for (const config::Server& server : config.servers) names.push_back(server.name);
  }
  std::vector<Commanded> outcomes;
  for (const std::string& name : names) {
    const auto done = give(*command_named(verb), name, request);
    outcomes.push_back({name, done ? "" : done.error().message});
  }
  const bool all_refused = std::ranges::none_of(
      outcomes, [](const Commanded& outcome) { return outcome.error.empty(); });
  if (all_refused && !outcomes.empty()) return problem_reply(409, outcomes.front().error);
  return json_reply(202, to_json(outcomes));
}

http::Response Api::logs(const http::Request& request, const std::string& server) {
  auto query = log_query(request);
  if (!query) return problem_reply(400, query.error().message);
  if (!server.empty()) query->servers = {server};
  for (const std::string& name : query->servers) {
    if (auto missing = missing_server(supervisor_.config(), name)) return std::move(*missing);
  }
  std::vector<std::string> lines;
  for (const LogEntry& entry : matching_lines(supervisor_, *query)) {
    lines.push_back(to_json(supervisor_, entry.server, entry.line));
  }
  return json_reply(200, array_of(lines));
}

http::Response Api::reload(bool dry_run) {
  const runtime::ReloadOutcome outcome = supervisor_.reload(dry_run);
  const bool failed = std::ranges::any_of(outcome.problems, [](const config::Problem& problem) {
    return problem.severity == config::Problem::Severity::error;
  });
  if (!failed) return json_reply(200, to_json(outcome));
  http::Response response = json_reply(422, to_json(outcome));
  response.headers.set("Content-Type", "application/problem+json");
  return response;
}

http::Response Api::readiness() {
  const runtime::FleetStatus status = supervisor_.status(false);
  if (runtime::is_ready(status) && !status.stopping) return text_reply(200, "ready\n");
  std::string text = status.stopping ? "stopping\n" : "not ready\n";
  for (const runtime::ServerStatus& server : status.servers) {
    if (!server.required || is_settled(server)) continue;
    text += server.name + ": " + std::string{supervisor::name(server.state)} + ": " +
            server.why_text + "\n";
  }
  return text_reply(503, std::move(text));
}

}  // namespace mcpctl::control
