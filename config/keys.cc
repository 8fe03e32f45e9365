#include "config/keys.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/ascii.h"
#include "config/key_values.h"
#include "config/special_values.h"

namespace mcpctl::config {
namespace {

constexpr std::int64_t many = 1'000'000;

using namespace kind;

constexpr Key<Backoff> backoff_keys[]{
    {"initial", TimeSpan<&Backoff::initial>{}},
    {"max", TimeSpan<&Backoff::max, 10>{}},
    {"stable", TimeSpan<&Backoff::stable>{}},
};

constexpr Key<CrashLoop> crash_loop_keys[]{
    {"failures", Integer<&CrashLoop::failures, 1, many>{}},
    {"window", TimeSpan<&CrashLoop::window, 1>{}},
    {"retry", TimeSpan<&CrashLoop::retry>{}},
};

constexpr Key<Readiness> readiness_keys[]{
    {"method", Choice<&Readiness::method, readiness_names>{}},
    {"port", Integer<&Readiness::port, 1, 65535, Zero::is_unset>{}},
    {"path", String<&Readiness::path>{}},
    {"command", Strings<&Readiness::command>{}},
    {"pattern", Literal<&Readiness::pattern>{}},
    {"fd", Integer<&Readiness::notify_fd, 3, 255, Zero::is_unset>{}},
    {"after", TimeSpan<&Readiness::after>{}},
    {"timeout", TimeSpan<&Readiness::timeout, 1>{}},
    {"timeoutMax", TimeSpan<&Readiness::timeout_max, 1>{}},
};

constexpr Key<Liveness> liveness_keys[]{
    {"method", Choice<&Liveness::method, liveness_names>{}},
    {"port", Integer<&Liveness::port, 1, 65535, Zero::is_unset>{}},
    {"path", String<&Liveness::path>{}},
    {"command", Strings<&Liveness::command>{}},
    {"interval", TimeSpan<&Liveness::interval, 10>{}},
    {"timeout", TimeSpan<&Liveness::timeout, 1>{}},
    {"failures", Integer<&Liveness::failures, 1, 1000>{}},
};

/// "SIGTERM", "TERM" and "term" alike.
struct StopSignal : Choice<&StopLadder::signal, signal_names> {
  static void read(Values& values, const Node& node, StopLadder& into) {
    Node full = node;
    for (char& c : full.text) c = upper(c);
    if (!full.text.starts_with("SIG")) full.text = "SIG" + full.text;
    const bool known = find_name(signal_names, full.text).has_value();
    Choice::read(values, known ? full : node, into);
  }
};

constexpr Key<StopLadder> stop_keys[]{
    {"drain", TimeSpan<&StopLadder::drain>{}},
    {"eof", TimeSpan<&StopLadder::eof>{}},
    {"term", TimeSpan<&StopLadder::term>{}},
    {"signal", StopSignal{}},
};

constexpr Key<Logs> logs_keys[]{
    {"dir", Folder<&Logs::dir>{}},
    {"format", Choice<&Logs::format, log_format_names>{}},
    {"maxSize", Size<&Logs::max_size, 4096>{}},
    {"keep", Integer<&Logs::keep, 0, 1000>{}},
    {"ring", Size<&Logs::ring, 1024>{}},
};

bool is_fleet_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && is_alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
         });
}

struct FleetName : Literal<&Config::name> {
  static void read(Values& values, const Node& node, Config& into) {
    std::string name;
    if (!values.literal(node, name)) return;
    if (!is_fleet_name(name)) {
      return values.error(node,
                          "a name has 1 to 64 letters, digits, \"_\", \".\" or \"-\", and "
                          "begins with a letter or digit");
    }
    into.name = std::move(name);
  }
};

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

struct ListenAddress : String<&Gateway::listen> {
  static void read(Values& values, const Node& node, Gateway& into) {
    std::string address;
    if (!values.resolved(node, address)) return;
    if (address == "off") {
      into.listen.clear();
    } else if (is_listen_address(address)) {
      into.listen = std::move(address);
    } else {
      values.error(node, "expected HOST:PORT such as \"127.0.0.1:7420\", or \"off\"");
    }
  }
  static Json write(const Gateway& from) { return from.listen.empty() ? "off" : from.listen; }
};

constexpr Key<Gateway> gateway_keys[]{
    {"listen", ListenAddress{}},
    {"tokens", Tokens{}},
    {"allowedHosts", Strings<&Gateway::allowed_hosts>{}},
    {"allowedOrigins", Strings<&Gateway::allowed_origins>{}},
    {"maxBody", Size<&Gateway::max_body, 1024>{}},
    {"maxSessions", Integer<&Gateway::max_sessions, 1, many>{}},
    {"sessionIdle", TimeSpan<&Gateway::session_idle, 1000>{}},
    {"maxInFlight", Integer<&Gateway::max_in_flight, 1, many>{}},
    {"connectionsPerPeer", Integer<&Gateway::connections_per_peer, 0, many>{}},
    {"requestsPerSecond", Integer<&Gateway::requests_per_second, 0, many>{}},
    {"keepAlive", TimeSpan<&Gateway::keep_alive>{}},
    {"accessLog", Boolean<&Gateway::access_log>{}},
};

/// The gateway's door does not open then; who checks a file hears of it before.
struct GatewaySection : Section<&Config::gateway, "gateway", gateway_keys> {
  static void read(Values& values, const Node& node, Config& into) {
    Section::read(values, node, into);
    const Node* listen = node.find("listen");
    if (listen == nullptr || !into.gateway.is_beyond_loopback()) return;
    if (node.find("tokens") != nullptr || !into.gateway.tokens.empty()) return;
    const Values::Within within{values, "listen", *listen};
    values.warning(*listen, "whoever reaches an address that is not loopback needs a token",
                   "set gateway.tokens, or listen on 127.0.0.1");
  }
};

// What cannot be the same for all stands first: defaults_keys() is the rest.
constexpr Key<Draft> server_table[]{
    {"kind", Choice<&Server::kind, kind_names>{}, false},
    {"port", Integer<&Server::port, 0, 65535>{}, false},
    {"dependsOn", Dependencies{}, false},
    {"lifecycle", Choice<&Server::startup, startup_names>{}},
    {"idleStop", TimeSpan<&Server::idle_stop>{}},
    {"required", Boolean<&Server::required>{}},
    {"restart", Choice<&Server::restart, restart_names>{}},
    {"backoff", Section<&Server::backoff, "backoff", backoff_keys>{}},
    {"crashLoop", Section<&Server::crash_loop, "crashLoop", crash_loop_keys>{}},
    {"successExitCodes", ExitCodes<&Server::success_exit_codes>{}},
    {"noRestartExitCodes", ExitCodes<&Server::no_restart_exit_codes>{}},
    {"readiness", SectionOrFirst<&Server::readiness, "readiness", readiness_keys>{}},
    {"liveness", SectionOrFirst<&Server::liveness, "liveness", liveness_keys>{}},
    {"stop", Section<&Server::stop, "stop", stop_keys>{}},
    {"memory", Size<&Server::memory, 1u << 20, Zero::is_unset>{}},
    {"pids", Integer<&Server::pids, 1, 4 * many, Zero::is_unset>{}},
    {"rlimits", Limits{}},
    {"user", Account<&Draft::user_name>{}},
    {"group", Account<&Draft::group_name>{}},
    {"umask", Umask{}},
    {"oomScoreAdj", Integer<&Server::oom_score_adj, -1000, 1000>{}},
    {"inheritEnv", Inherit{}},
    {"share", Choice<&Server::sharing, sharing_names>{}},
    {"maxSessions", Integer<&Server::max_sessions, 1, 10'000>{}},
    {"maxConcurrentRequests", Integer<&Server::max_concurrent_requests, 0, many>{}},
    {"queueSize", Integer<&Server::queue_size, 0, many>{}},
    {"queueTimeout", TimeSpan<&Server::queue_timeout>{}},
    {"requestTimeout", TimeSpan<&Server::request_timeout, 1>{}},
    {"requestTimeoutMax", TimeSpan<&Server::request_timeout_max, 1>{}},
    {"enabledTools", Strings<&Server::enabled_tools>{}},
    {"disabledTools", Strings<&Server::disabled_tools>{}},
    {"repeatCalls", Boolean<&Server::repeat_calls>{}},
    {"logs", Section<&Server::logs, "logs", logs_keys>{}},
    {"watch", OptionalStrings<&Server::watch>{}},
};
static_assert(std::ranges::is_partitioned(server_table, std::logical_not{},
                                          &Key<Draft>::in_defaults));

/// A kind of the Config or of the defaults, as one of the whole Fleet.
template <auto part, typename Kind>
struct Of : Kind {
  static void read(Values& values, const Node& node, Fleet& into) {
    Kind::read(values, node, into.*part);
  }
  static Json write(const Fleet& from) { return Kind::write(from.*part); }
};
template <typename Kind>
using OfConfig = Of<&Fleet::config, Kind>;

/// What is read into each server is written there.
struct Defaults {
  static constexpr Shape shape = Shape::section;
  static void read(Values& values, const Node& node, Fleet& into) {
    Node shared = node;
    for (const Key<Draft>& key : server_keys()) {
      const Node* value = key.in_defaults ? nullptr : node.find(key.name);
      if (value == nullptr) continue;
      values.error(*value, in_quotes(key.name) + " cannot be the same for every server");
      std::erase_if(shared.members, [&](const Member& member) { return member.key == key.name; });
    }
    read_keys(values, shared, "defaults", defaults_keys(), into.defaults);
  }
  static Json write(const Fleet& /*from*/) { return {}; }
};

/// The logs of all servers; each may still say otherwise.
struct FleetLogs : Of<&Fleet::defaults, Section<&Server::logs, "logs", logs_keys>> {
  static Json write(const Fleet& /*from*/) { return {}; }
};

// "logs" stands before "defaults", so that defaults.logs has the last word.
constexpr Key<Fleet> fleet_table[]{
    {"name", OfConfig<FleetName>{}},
    {"logs", FleetLogs{}},
    {"defaults", Defaults{}},
    {"maxConcurrentStarts",
     OfConfig<Integer<&Config::max_concurrent_starts, 1, many, Zero::is_unset>>{}},
    {"shutdownTimeout", OfConfig<TimeSpan<&Config::shutdown_timeout, 1>>{}},
    {"gateway", OfConfig<GatewaySection>{}},
};

}  // namespace

Keys<Draft> server_keys() { return server_table; }

Keys<Draft> defaults_keys() {
  const auto* const first = std::ranges::find_if(server_table, &Key<Draft>::in_defaults);
  return {first, std::end(server_table)};
}

Keys<Fleet> fleet_keys() { return fleet_table; }

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
