#include "config/dump.h"

#include <nlohmann/json.hpp>

#include "config/expand.h"
#include "config/keys.h"
#include "config/secrets.h"

namespace mcpctl::config {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* redacted_text = "[redacted]";

/// Each string by itself, since JSON's escapes would hide a secret in the whole.
void redact_strings(Json& json, const std::vector<std::string>& secrets) {
  if (json.is_string()) {
    json = redact(json.get_ref<const std::string&>(), secrets);
  } else {
    for (Json& each : json) {
      if (each.is_structured() || each.is_string()) redact_strings(each, secrets);
    }
  }
}

Json write_server(const Server& server, bool redacted) {
  Json json = Json::object();
  json["type"] = server.transport == Transport::stdio ? "stdio" : "http";
  if (server.transport != Transport::remote) {
    json["command"] = escape_expansion(server.command);
    Json args = Json::array();
    for (const std::string& arg : server.args) args.push_back(escape_expansion(arg));
    json["args"] = std::move(args);
  }
  json["cwd"] = escape_expansion(server.cwd);
  Json env = Json::object();
  for (const auto& [name, value] : server.env) {
    env[name] = redacted && is_secret_name(name) ? redacted_text : escape_expansion(value);
  }
  json["env"] = std::move(env);
  if (server.transport != Transport::stdio) {
    json["url"] = escape_expansion(server.url);
    Json headers = Json::object();
    for (const auto& [name, value] : server.headers) {
      headers[name] = redacted && !is_public_header(name) ? redacted_text : escape_expansion(value);
    }
    json["headers"] = std::move(headers);
  }
  json["x-mcpctl"] = write_server_settings(server);
  return json;
}

}  // namespace

std::string to_json(const Config& config, bool redacted) {
  Json servers = Json::object();
  for (const Server& server : config.servers) servers[server.name] = write_server(server, redacted);
  Json unusable = Json::array();
  for (const Unusable& each : config.unusable) {
    unusable.push_back({{"server", each.server},
                        {"why", each.why},
                        {"where", each.where.file + ":" + std::to_string(each.where.line) + ":" +
                                      std::to_string(each.where.column)}});
  }
  Json json = Json::object();
  json["files"] = config.files;
  json["mcpServers"] = std::move(servers);
  json["x-mcpctl"] = write_fleet_settings(config);
  json["disabled"] = config.disabled;
  json["unusable"] = std::move(unusable);
  if (redacted) redact_strings(json, config.secrets);
  // Values of the environment may be any bytes; replaced, so that dump() cannot throw.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mcpctl::config
