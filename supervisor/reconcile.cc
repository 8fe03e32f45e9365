#include "supervisor/reconcile.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

namespace mcpctl::supervisor {
namespace {

using config::Server;

template <auto member>
constexpr Field field(std::string_view key, Effect effect) {
  return {key, effect, [](const Server& a, const Server& b) { return !(a.*member == b.*member); }};
}

constexpr bool same(const Server&, const Server&) { return false; }

constexpr std::array field_table{
    Field{"name", Effect::none, same},   // the identity itself
    Field{"where", Effect::none, same},  // moved within the file
    field<&Server::kind>("x-mcpctl.kind", Effect::restart),
    field<&Server::transport>("type", Effect::restart),
    field<&Server::command>("command", Effect::restart),
    field<&Server::args>("args", Effect::restart),
    field<&Server::cwd>("cwd", Effect::restart),
    field<&Server::env>("env", Effect::restart),
    field<&Server::url>("url", Effect::restart),
    field<&Server::headers>("headers", Effect::in_place),
    field<&Server::port>("x-mcpctl.port", Effect::restart),
    field<&Server::startup>("x-mcpctl.lifecycle", Effect::in_place),
    field<&Server::idle_stop>("x-mcpctl.idleStop", Effect::in_place),
    field<&Server::depends_on>("x-mcpctl.dependsOn", Effect::in_place),
    field<&Server::required>("x-mcpctl.required", Effect::in_place),
    field<&Server::restart>("x-mcpctl.restart", Effect::in_place),
    field<&Server::backoff>("x-mcpctl.backoff", Effect::in_place),
    field<&Server::crash_loop>("x-mcpctl.crashLoop", Effect::in_place),
    field<&Server::success_exit_codes>("x-mcpctl.successExitCodes", Effect::in_place),
    field<&Server::no_restart_exit_codes>("x-mcpctl.noRestartExitCodes", Effect::in_place),
    field<&Server::readiness>("x-mcpctl.readiness", Effect::in_place),
    field<&Server::liveness>("x-mcpctl.liveness", Effect::in_place),
    field<&Server::stop>("x-mcpctl.stop", Effect::in_place),
    field<&Server::user>("x-mcpctl.user", Effect::restart),
    field<&Server::umask>("x-mcpctl.umask", Effect::restart),
    field<&Server::rlimits>("x-mcpctl.rlimits", Effect::restart),
    field<&Server::oom_score_adj>("x-mcpctl.oomScoreAdj", Effect::restart),
    field<&Server::memory>("x-mcpctl.memory", Effect::in_place),
    field<&Server::pids>("x-mcpctl.pids", Effect::in_place),
    field<&Server::inherit_env>("x-mcpctl.inheritEnv", Effect::restart),
    field<&Server::sharing>("x-mcpctl.share", Effect::restart),
    field<&Server::max_sessions>("x-mcpctl.maxSessions", Effect::in_place),
    field<&Server::max_concurrent_requests>("x-mcpctl.maxConcurrentRequests", Effect::in_place),
    field<&Server::queue_size>("x-mcpctl.queueSize", Effect::in_place),
    field<&Server::queue_timeout>("x-mcpctl.queueTimeout", Effect::in_place),
    field<&Server::request_timeout>("x-mcpctl.requestTimeout", Effect::in_place),
    field<&Server::request_timeout_max>("x-mcpctl.requestTimeoutMax", Effect::in_place),
    field<&Server::enabled_tools>("x-mcpctl.enabledTools", Effect::in_place),
    field<&Server::disabled_tools>("x-mcpctl.disabledTools", Effect::in_place),
    field<&Server::repeat_calls>("x-mcpctl.repeatCalls", Effect::in_place),
    field<&Server::logs>("x-mcpctl.logs", Effect::in_place),
    field<&Server::watch>("x-mcpctl.watch", Effect::in_place),
};

using config::Gateway;

template <auto member>
constexpr DoorField door_field(std::string_view key, DoorEffect effect) {
  return {key, effect, [](const Gateway& a, const Gateway& b) { return !(a.*member == b.*member); },
          [](const Gateway& from, Gateway& to) { to.*member = from.*member; }};
}

constexpr std::array door_table{
    door_field<&Gateway::listen>("listen", DoorEffect::next_start),
    door_field<&Gateway::tokens>("tokens", DoorEffect::in_place),
    door_field<&Gateway::allowed_hosts>("allowedHosts", DoorEffect::in_place),
    door_field<&Gateway::allowed_origins>("allowedOrigins", DoorEffect::in_place),
    door_field<&Gateway::max_body>("maxBody", DoorEffect::in_place),
    door_field<&Gateway::max_sessions>("maxSessions", DoorEffect::in_place),
    door_field<&Gateway::session_idle>("sessionIdle", DoorEffect::in_place),
    door_field<&Gateway::max_in_flight>("maxInFlight", DoorEffect::in_place),
    door_field<&Gateway::connections_per_peer>("connectionsPerPeer", DoorEffect::in_place),
    door_field<&Gateway::requests_per_second>("requestsPerSecond", DoorEffect::in_place),
    door_field<&Gateway::keep_alive>("keepAlive", DoorEffect::in_place),
    door_field<&Gateway::access_log>("accessLog", DoorEffect::in_place),
};

Change compare(const Server& running, const Server& wanted) {
  Change change{Change::Kind::update, wanted.name, {}};
  for (const Field& entry : field_table) {
    if (entry.effect == Effect::none || !entry.differs(running, wanted)) continue;
    change.keys.emplace_back(entry.key);
    if (entry.effect == Effect::restart) change.kind = Change::Kind::restart;
  }
  return change;
}

/// Every server of a configuration by name; nullptr for an unusable one.
std::map<std::string, const Server*> by_name(const config::Config& config) {
  std::map<std::string, const Server*> names;
  for (const Server& server : config.servers) names.emplace(server.name, &server);
  for (const config::Unusable& unusable : config.unusable) names.emplace(unusable.server, nullptr);
  return names;
}

}  // namespace

std::span<const Field> fields() { return field_table; }

Plan reconcile(const config::Config& running, const config::Config& wanted) {
  const auto before = by_name(running);
  const auto after = by_name(wanted);
  Plan plan;

  for (const Server& server : wanted.servers) {
    const auto old = before.find(server.name);
    if (old == before.end()) {
      plan.push_back({Change::Kind::add, server.name, {}});
    } else if (old->second == nullptr) {
      plan.push_back({Change::Kind::restart, server.name, {"usable"}});
    } else if (Change change = compare(*old->second, server); !change.keys.empty()) {
      plan.push_back(std::move(change));
    }
  }
  for (const config::Unusable& unusable : wanted.unusable) {
    const auto old = before.find(unusable.server);
    if (old == before.end()) {
      plan.push_back({Change::Kind::add, unusable.server, {}});
    } else if (old->second != nullptr) {
      plan.push_back({Change::Kind::restart, unusable.server, {"usable"}});
    }
  }
  for (const auto& [name, server] : before) {
    if (!after.contains(name)) plan.push_back({Change::Kind::remove, name, {}});
  }
  return plan;
}

namespace {

/// An open door beyond loopback keeps its last tokens: without one, anybody might come in.
DoorEffect effect_of(const DoorField& entry, const Gateway& running, const Gateway& wanted) {
  const bool opens_to_all = entry.key == "tokens" && wanted.tokens.empty();
  return opens_to_all && running.is_beyond_loopback() ? DoorEffect::next_start : entry.effect;
}

}  // namespace

std::span<const DoorField> door_fields() { return door_table; }

DoorChange reconcile(const Gateway& running, const Gateway& wanted) {
  DoorChange change;
  for (const DoorField& entry : door_table) {
    if (!entry.differs(running, wanted)) continue;
    const bool at_once = effect_of(entry, running, wanted) == DoorEffect::in_place;
    (at_once ? change.in_place : change.next_start).emplace_back(entry.key);
  }
  return change;
}

Gateway until_next_start(const Gateway& running, Gateway wanted) {
  const Gateway asked = wanted;
  for (const DoorField& entry : door_table) {
    if (effect_of(entry, running, asked) == DoorEffect::next_start) entry.copy(running, wanted);
  }
  return wanted;
}

std::string why_not_rolling(const config::Server& server) {
  if (server.kind != config::Kind::mcp) return "it is no MCP server";
  switch (server.transport) {
    case config::Transport::stdio: return "";
    case config::Transport::remote: return "it runs elsewhere";
    case config::Transport::http: break;
  }
  if (server.port == 0) return "";
  return server.port ? "its port " + std::to_string(*server.port) + " is fixed"
                     : "its address is fixed";
}

std::string_view name(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::add: return "add";
    case Change::Kind::remove: return "remove";
    case Change::Kind::restart: return "restart";
    case Change::Kind::update: return "update";
  }
  std::abort();
}

}  // namespace mcpctl::supervisor
