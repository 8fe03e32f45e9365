#include "relay/known_servers.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "config/shallow_json.h"
#include "mcp/envelope.h"
#include "mcp/raw.h"

namespace mcpctl::relay {
namespace {

using nlohmann::json;

constexpr int known_servers_version = 1;

/// One JSON value, and nothing around it.
bool is_raw(std::string_view text, char first) {
  if (!text.starts_with(first) || text.find_first_of("\r\n") != std::string_view::npos) {
    return false;
  }
  const std::string message =
      R"({"jsonrpc":"2.0","id":0,"result":{"x":)" + std::string{text} + "}}";
  const auto envelope = mcp::scan(message);
  return envelope && envelope->kind == mcp::Kind::response &&
         mcp::member(envelope->result.in(message), "x") == text;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool read_profile(const json& object, ServerProfile& profile) {
  const auto revision = mcp::find_revision(text_at(object, "revision"));
  if (!revision) return false;
  profile.era = revision->era;
  profile.revision = revision->name;
  profile.server_info = text_at(object, "serverInfo");
  profile.capabilities = text_at(object, "capabilities");
  profile.instructions = text_at(object, "instructions");
  const auto fits = [](const std::string& raw, char first) {
    return raw.empty() || is_raw(raw, first);
  };
  return fits(profile.server_info, '{') && fits(profile.capabilities, '{') &&
         fits(profile.instructions, '"');
}

bool read_lists(const json& object, KnownServer& server) {
  for (const Listing listing : listings) {
    const auto found = object.find(method_name(listing));
    if (found == object.end()) continue;
    if (!found->is_array()) return false;
    auto& items = server.lists[static_cast<std::size_t>(listing)].emplace();
    for (const json& item : *found) {
      if (!item.is_string() || !is_raw(item.get_ref<const std::string&>(), '{')) return false;
      items.push_back(item.get<std::string>());
    }
  }
  return true;
}

}  // namespace

std::size_t KnownServer::bytes() const {
  std::size_t bytes = identity.size() + profile.server_info.size() + profile.capabilities.size() +
                      profile.instructions.size();
  for (const auto& list : lists) {
    if (!list) continue;
    for (const std::string& item : *list) bytes += item.size();
  }
  return bytes;
}

std::string encode(const KnownServers& servers) {
  json entries = json::object();
  std::size_t bytes = 0;
  for (const auto& [name, server] : servers) {
    const std::size_t more = server.bytes();
    if (more > most_known_of_one || bytes + more > most_known_of_all) continue;
    bytes += more;
    json& entry = entries[name] = {{"identity", server.identity},
                                   {"revision", server.profile.revision},
                                   {"serverInfo", server.profile.server_info},
                                   {"capabilities", server.profile.capabilities},
                                   {"instructions", server.profile.instructions}};
    for (const Listing listing : listings) {
      const auto& list = server.lists[static_cast<std::size_t>(listing)];
      if (list) entry[std::string{method_name(listing)}] = *list;
    }
  }
  const json document{{"version", known_servers_version}, {"servers", entries}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<KnownServers> decode_known_servers(std::string_view text) {
  const json document = config::parse_shallow(text);
  if (!document.is_object()) return failure("it is no JSON object");
  const auto version = document.find("version");
  if (version == document.end() || *version != known_servers_version) {
    return failure("its version is not " + std::to_string(known_servers_version));
  }
  KnownServers servers;
  const auto entries = document.find("servers");
  if (entries == document.end() || !entries->is_object()) return servers;
  for (const auto& [name, entry] : entries->items()) {
    if (!entry.is_object()) continue;
    KnownServer server;
    server.identity = text_at(entry, "identity");
    const bool makes_sense = read_profile(entry, server.profile) && read_lists(entry, server);
    if (makes_sense) servers.insert_or_assign(name, std::move(server));
  }
  return servers;
}

}  // namespace mcpctl::relay
