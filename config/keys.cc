#include "config/keys.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "config/key_values.h"
#include "config/special_values.h"

namespace mcpctl::config {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t many = 1'000'000;

Keys<Backoff> backoff_keys() {
  static const Key<Backoff> keys[]{
      {"initial", duration(&Backoff::initial)},
      {"max", duration(&Backoff::max, 10ms)},
      {"stable", duration(&Backoff::stable)},
  };
  return keys;
}

Keys<CrashLoop> crash_loop_keys() {
  static const Key<CrashLoop> keys[]{
      {"failures", integer(&CrashLoop::failures, 1, many)},
      {"window", duration(&CrashLoop::window, 1ms)},
      {"retry", duration(&CrashLoop::retry)},
  };
  return keys;
}

Keys<Readiness> readiness_keys() {
  static const Key<Readiness> keys[]{
      {"method", choice(&Readiness::method, readiness_names)},
      {"port", integer<Readiness, std::uint16_t>(&Readiness::port, 1, 65535, 0)},
      {"path", string(&Readiness::path)},
      {"command", strings(&Readiness::command)},
      {"pattern", string(&Readiness::pattern, Expanding::no)},
      {"fd", integer<Readiness, int>(&Readiness::notify_fd, 3, 255, 0)},
      {"after", duration(&Readiness::after)},
      {"timeout", duration(&Readiness::timeout, 1ms)},
      {"timeoutMax", duration(&Readiness::timeout_max, 1ms)},
  };
  return keys;
}

Keys<Liveness> liveness_keys() {
  static const Key<Liveness> keys[]{
      {"method", choice(&Liveness::method, liveness_names)},
      {"port", integer<Liveness, std::uint16_t>(&Liveness::port, 1, 65535, 0)},
      {"path", string(&Liveness::path)},
      {"command", strings(&Liveness::command)},
      {"interval", duration(&Liveness::interval, 10ms)},
      {"timeout", duration(&Liveness::timeout, 1ms)},
      {"failures", integer(&Liveness::failures, 1, 1000)},
  };
  return keys;
}

Keys<StopLadder> stop_keys() {
  static const Key<StopLadder> keys[]{
      {"drain", duration(&StopLadder::drain)},
      {"eof", duration(&StopLadder::eof)},
      {"term", duration(&StopLadder::term)},
      {"signal", stop_signal()},
  };
  return keys;
}

Keys<Logs> logs_keys() {
  static const Key<Logs> keys[]{
      {"dir", folder(&Logs::dir)},
      {"format", choice(&Logs::format, log_format_names)},
      {"maxSize", size(&Logs::max_size, 4096)},
      {"keep", integer(&Logs::keep, 0, 1000)},
      {"ring", size(&Logs::ring, 1024)},
  };
  return keys;
}

bool is_fleet_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && is_alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
         });
}

Value<Config> fleet_name() {
  Value<Config> value = string(&Config::name, Expanding::no);
  value.read = [](Values& values, const Node& node, Config& into) {
    std::string name;
    if (!values.literal(node, name)) return;
    if (!is_fleet_name(name)) {
      return values.error(node,
                          "a name has 1 to 64 letters, digits, \"_\", \".\" or \"-\", and "
                          "begins with a letter or digit");
    }
    into.name = std::move(name);
  };
  return value;
}

bool is_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const bool is_ipv6 = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (!is_ipv6 && host.find_first_of(":/[] ") != std::string_view::npos) return false;
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data() + colon + 1, end, port);
  return problem == std::errc{} && rest == end && port <= 65535;
}

Value<Gateway> listen_address() {
  Value<Gateway> listen = string(&Gateway::listen);
  listen.read = [](Values& values, const Node& node, Gateway& into) {
    std::string address;
    if (!values.resolved(node, address)) return;
    if (address == "off") {
      into.listen.clear();
    } else if (is_listen_address(address)) {
      into.listen = std::move(address);
    } else {
      values.error(node, "expected HOST:PORT such as \"127.0.0.1:7420\", or \"off\"");
    }
  };
  listen.write = [](const Gateway& from) -> Json {
    return from.listen.empty() ? "off" : from.listen;
  };
  return listen;
}

Keys<Gateway> gateway_keys() {
  static const Key<Gateway> keys[]{
      {"listen", listen_address()},
      {"tokens", tokens()},
      {"allowedHosts", strings(&Gateway::allowed_hosts)},
      {"allowedOrigins", strings(&Gateway::allowed_origins)},
      {"maxBody", size(&Gateway::max_body, 1024)},
      {"maxSessions", integer(&Gateway::max_sessions, 1, many)},
      {"sessionIdle", duration(&Gateway::session_idle, 1s)},
      {"maxInFlight", integer(&Gateway::max_in_flight, 1, many)},
      {"connectionsPerPeer", integer(&Gateway::connections_per_peer, 0, many)},
      {"requestsPerSecond", integer(&Gateway::requests_per_second, 0, many)},
      {"keepAlive", duration(&Gateway::keep_alive)},
      {"accessLog", boolean(&Gateway::access_log)},
  };
  return keys;
}

/// The gateway's door does not open then; who checks a file hears of it before.
Value<Config> gateway() {
  Value<Config> value = section(&Config::gateway, "gateway", gateway_keys());
  value.read = [read = value.read](Values& values, const Node& node, Config& into) {
    read(values, node, into);
    const Node* listen = node.find("listen");
    if (listen == nullptr || !into.gateway.is_beyond_loopback()) return;
    if (node.find("tokens") != nullptr || !into.gateway.tokens.empty()) return;
    const Values::Within within{values, "listen", *listen};
    values.warning(*listen, "whoever reaches an address that is not loopback needs a token",
                   "set gateway.tokens, or listen on 127.0.0.1");
  };
  return value;
}

/// A value of the Config or of the defaults, as one of the whole Fleet.
template <typename Inner>
Value<Fleet> of_fleet(Inner Fleet::* part, const Value<Inner>& value) {
  return {value.shape, value.choices,
          [part, value](Values& values, const Node& node, Fleet& into) {
            value.read(values, node, into.*part);
          },
          [part, value](const Fleet& from) -> Json { return value.write(from.*part); }, value.rows};
}

Json say_nothing(const Fleet&) { return {}; }

Value<Fleet> defaults() {
  return {Shape::section,
          {},
          [](Values& values, const Node& node, Fleet& into) {
            Node shared = node;
            for (const Key<Draft>& key : server_keys()) {
              const Node* value = key.in_defaults ? nullptr : node.find(key.name);
              if (value == nullptr) continue;
              values.error(*value, in_quotes(key.name) + " cannot be the same for every server");
              std::erase_if(shared.members,
                            [&](const Member& member) { return member.key == key.name; });
            }
            read_keys(values, shared, "defaults", defaults_keys(), into.defaults);
          },
          say_nothing};
}

/// The logs of all servers; each may still say otherwise.
Value<Fleet> fleet_logs() {
  Value<Fleet> value =
      of_fleet(&Fleet::defaults, Value<Draft>{section(&Server::logs, "logs", logs_keys())});
  value.write = say_nothing;
  return value;
}

}  // namespace

Keys<Draft> server_keys() {
  static const Key<Draft> keys[]{
      {"kind", choice(&Server::kind, kind_names), false},
      {"port", integer(&Server::port, 0, 65535), false},
      {"lifecycle", choice(&Server::startup, startup_names)},
      {"idleStop", duration(&Server::idle_stop)},
      {"dependsOn", dependencies(), false},
      {"required", boolean(&Server::required)},
      {"restart", choice(&Server::restart, restart_names)},
      {"backoff", section(&Server::backoff, "backoff", backoff_keys())},
      {"crashLoop", section(&Server::crash_loop, "crashLoop", crash_loop_keys())},
      {"successExitCodes", exit_codes(&Server::success_exit_codes)},
      {"noRestartExitCodes", exit_codes(&Server::no_restart_exit_codes)},
      {"readiness", section(&Server::readiness, "readiness", readiness_keys(), "method")},
      {"liveness", section(&Server::liveness, "liveness", liveness_keys(), "method")},
      {"stop", section(&Server::stop, "stop", stop_keys())},
      {"memory", size(&Server::memory, 1u << 20, true)},
      {"pids", integer<Server, std::uint64_t>(&Server::pids, 1, 4 * many, 0)},
      {"rlimits", limits()},
      {"user", account(&Draft::user_name)},
      {"group", account(&Draft::group_name)},
      {"umask", umask_value()},
      {"oomScoreAdj", integer(&Server::oom_score_adj, -1000, 1000)},
      {"inheritEnv", inherit_env()},
      {"share", choice(&Server::sharing, sharing_names)},
      {"maxSessions", integer(&Server::max_sessions, 1, 10'000)},
      {"maxConcurrentRequests", integer(&Server::max_concurrent_requests, 0, many)},
      {"queueSize", integer(&Server::queue_size, 0, many)},
      {"queueTimeout", duration(&Server::queue_timeout)},
      {"requestTimeout", duration(&Server::request_timeout, 1ms)},
      {"requestTimeoutMax", duration(&Server::request_timeout_max, 1ms)},
      {"enabledTools", strings(&Server::enabled_tools)},
      {"disabledTools", strings(&Server::disabled_tools)},
      {"repeatCalls", boolean(&Server::repeat_calls)},
      {"logs", section(&Server::logs, "logs", logs_keys())},
      {"watch", strings(&Server::watch)},
  };
  return keys;
}

Keys<Draft> defaults_keys() {
  static const std::vector<Key<Draft>> keys = [] {
    std::vector<Key<Draft>> shared;
    std::ranges::copy_if(server_keys(), std::back_inserter(shared), &Key<Draft>::in_defaults);
    return shared;
  }();
  return keys;
}

Keys<Fleet> fleet_keys() {
  // "logs" stands before "defaults", so that defaults.logs has the last word.
  static const Key<Fleet> keys[]{
      {"name", of_fleet(&Fleet::config, fleet_name())},
      {"logs", fleet_logs()},
      {"defaults", defaults()},
      {"maxConcurrentStarts",
       of_fleet(&Fleet::config,
                integer<Config, unsigned>(&Config::max_concurrent_starts, 1, many, 0))},
      {"shutdownTimeout", of_fleet(&Fleet::config, duration(&Config::shutdown_timeout, 1ms))},
      {"gateway", of_fleet(&Fleet::config, gateway())},
  };
  return keys;
}

std::vector<KeyRow> server_key_rows() { return rows_of(server_keys(), Draft{}); }
std::vector<KeyRow> fleet_key_rows() { return rows_of(fleet_keys(), Fleet{}); }

void read_server_settings(Values& values, const Node& node, Draft& into) {
  read_keys(values, node, "x-mcpctl", server_keys(), into);
}

void read_fleet_settings(Values& values, const Node& node, Fleet& into) {
  read_keys(values, node, "x-mcpctl", fleet_keys(), into);
}

Json write_server_settings(const Server& server) {
  Draft draft;
  static_cast<Server&>(draft) = server;
  if (server.user) {
    draft.user_name = server.user->name;
    draft.group_name = std::to_string(server.user->gid);
  }
  return write_keys(server_keys(), draft);
}

Json write_fleet_settings(const Config& config) {
  Fleet fleet;
  fleet.config = config;
  return write_keys(fleet_keys(), fleet);
}

std::string section_of(std::string_view key) {
  std::string section;
  std::vector<KeyRow> rows = server_key_rows();
  for (const KeyRow& row : fleet_key_rows()) {
    if (row.path.starts_with("gateway.")) rows.push_back(row);
  }
  for (const KeyRow& row : rows) {
    const std::size_t dot = row.path.find('.');
    if (dot == std::string::npos || std::string_view{row.path}.substr(dot + 1) != key) continue;
    if (!section.empty()) return {};
    section = row.path.substr(0, dot);
  }
  return section;
}

}  // namespace mcpctl::config
