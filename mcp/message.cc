#include "mcp/message.h"

#include <nlohmann/json.hpp>

namespace mcpctl::mcp {
namespace {

using Json = nlohmann::ordered_json;

/// Our texts are UTF-8 already; should one not be, the message goes out with
/// U+FFFD instead of an exception.
std::string one_line(const Json& message) {
  return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json request(std::uint64_t id, std::string_view method) {
  return Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}};
}

Json software(ClientInfo client) { return Json{{"name", "mcpctl"}, {"version", client.version}}; }

Json modern_meta(ClientInfo client) {
  return Json{{"io.modelcontextprotocol/protocolVersion", newest_modern},
              {"io.modelcontextprotocol/clientInfo", software(client)},
              {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
}

}  // namespace

std::string discover_request(std::uint64_t id, ClientInfo client) {
  Json message = request(id, "server/discover");
  message["params"]["_meta"] = modern_meta(client);
  return one_line(message);
}

Introduction introduction_of(ClientInfo client, std::string_view capabilities) {
  return {one_line(software(client)), std::string{capabilities}};
}

std::string initialize_request(std::uint64_t id, const Introduction& client) {
  std::string text = R"({"jsonrpc":"2.0","id":)" + std::to_string(id);
  text += R"(,"method":"initialize","params":{"protocolVersion":")";
  text += newest_legacy;
  text += R"(","capabilities":)";
  text += client.capabilities;
  text += R"(,"clientInfo":)";
  text += client.info;
  return text + "}}";
}

std::string initialized_notification() {
  return R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
}

std::string ping_request(std::uint64_t id) { return one_line(request(id, "ping")); }

std::string tools_list_request(std::uint64_t id, Era era, ClientInfo client,
                               const std::optional<std::string>& cursor) {
  Json message = request(id, "tools/list");
  message["params"] = Json::object();
  if (era == Era::modern) message["params"]["_meta"] = modern_meta(client);
  if (cursor) message["params"]["cursor"] = *cursor;
  return one_line(message);
}

std::string empty_response(std::string_view raw_id) {
  std::string message = R"({"jsonrpc":"2.0","id":)";
  message += raw_id;
  message += R"(,"result":{}})";
  return message;
}

std::string error_response(std::string_view raw_id, int code, std::string_view message) {
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text += raw_id;
  text += R"(,"error":)";
  text += one_line(Json{{"code", code}, {"message", message}});
  text += '}';
  return text;
}

}  // namespace mcpctl::mcp
