#include "sdk/peer.h"

#include <array>
#include <optional>
#include <utility>

#include "mcp/raw.h"
#include "mcp/version.h"

namespace sdk {

namespace error_code = mcpctl::mcp::error_code;
using mcpctl::mcp::Envelope;
using mcpctl::mcp::Era;
using mcpctl::mcp::Kind;

struct Peer::Request {
  std::string_view text;
  const Envelope& envelope;
  Era era;
  std::string id;      ///< raw
  std::string method;  ///< escapes resolved
};

namespace {

constexpr std::array legacy_revisions{"2025-11-25", "2025-06-18", "2024-11-05"};

/// dump() that survives strings which are no UTF-8.
std::string dumped(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string response(std::string_view raw_id, const Json& result) {
  return R"({"jsonrpc":"2.0","id":)" + std::string{raw_id} + R"(,"result":)" + dumped(result) + '}';
}

std::string error_response(std::string_view raw_id, int code, std::string message,
                           std::optional<Json> data = {}) {
  Json error{{"code", code}, {"message", std::move(message)}};
  if (data) error["data"] = std::move(*data);
  return R"({"jsonrpc":"2.0","id":)" + std::string{raw_id} + R"(,"error":)" + dumped(error) + '}';
}

/// MCP 2026-07-28, base protocol: what every modern result carries.
void make_modern(Json& result, const ServerInfo& info) {
  result["resultType"] = "complete";
  result["_meta"]["io.modelcontextprotocol/serverInfo"] = {{"name", info.name},
                                                           {"version", info.version}};
}

/// Neither tools nor identity change while the process lives, and they are the same for
/// everybody (MCP 2026-07-28, caching).
void make_cacheable(Json& result) {
  result["ttlMs"] = 300'000;
  result["cacheScope"] = "public";
}

Json params_of(std::string_view text, const Envelope& envelope) {
  // scan() has checked syntax and depth, so this cannot fail.
  return envelope.params ? Json::parse(envelope.params.in(text)) : Json::object();
}

std::string progress_notification(const Json& token, double done, std::optional<double> total,
                                  const std::string& message) {
  Json params{{"progressToken", token}, {"progress", done}};
  if (total) params["total"] = *total;
  if (!message.empty()) params["message"] = message;
  return dumped({{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", params}});
}

}  // namespace

Peer::~Peer() {
  auto left = std::move(in_flight_);
  for (auto& [id, pending] : left) close(*pending);
}

void Peer::close(Call::Pending& pending) {
  if (!std::exchange(pending.open, false)) return;
  auto on_cancel = std::move(pending.on_cancel);
  // The way back goes now, not when the tool lets go of its call.
  pending.answer = nullptr;
  pending.progress = nullptr;
  if (on_cancel) on_cancel();
}

void Peer::cancel(std::string_view raw_id) {
  const auto found = in_flight_.find(raw_id);
  if (found == in_flight_.end()) return;  // answered already, or never ours
  const auto pending = std::move(found->second);
  in_flight_.erase(found);
  close(*pending);
}

void Peer::receive(std::string_view message, Reply reply) {
  const auto envelope = mcpctl::mcp::scan(message);
  if (!envelope) {
    const bool is_json = Json::accept(message);
    const int code = is_json ? error_code::invalid_request : error_code::parse_error;
    return reply.answer(error_response("null", code, std::string{envelope.error().what}), 400);
  }
  switch (envelope->kind) {
    case Kind::batch:
      // Batches existed in 2025-03-26 alone, which we do not offer for that reason.
      return reply.answer(
          error_response("null", error_code::invalid_request, "batches are not supported"), 400);
    case Kind::response:
    case Kind::error: return reply.answer({}, 202);  // we ask nothing, so it is nobody's
    case Kind::notification:
      if (mcpctl::mcp::is_string(envelope->method.in(message), "notifications/cancelled")) {
        cancel(envelope->params_request_id.in(message));
      }
      return reply.answer({}, 202);
    case Kind::request: break;
  }
  const bool is_modern = static_cast<bool>(envelope->meta_protocol_version);
  on_request({message, *envelope, is_modern ? Era::modern : Era::legacy,
              std::string{envelope->id.in(message)},
              mcpctl::mcp::string_value(envelope->method.in(message)).value_or("")},
             std::move(reply));
}

void Peer::on_request(const Request& request, Reply reply) {
  if (refuse(request, reply)) return;
  const bool is_modern = request.era == Era::modern;
  if (request.method == "tools/list") return list_tools(request, std::move(reply));
  if (request.method == "tools/call") return call_tool(request, std::move(reply));
  if (is_modern && request.method == "server/discover") return discover(request, std::move(reply));
  if (!is_modern && request.method == "initialize") return initialize(request, std::move(reply));
  if (!is_modern && request.method == "ping") {
    return reply.answer(response(request.id, Json::object()), 200);
  }
  reply.answer(error_response(request.id, error_code::method_not_found,
                              "the method " + request.method + " is not supported"),
               is_modern ? 404 : 200);
}

/// The checks that stand before every method; true if the request was answered.
bool Peer::refuse(const Request& request, Reply& reply) {
  if (request.era == Era::legacy) {
    const bool may_come_first = request.method == "initialize" || request.method == "ping";
    if (initialized_ || may_come_first) return false;
    reply.answer(error_response(request.id, error_code::invalid_params,
                                "_meta lacks io.modelcontextprotocol/protocolVersion, and no "
                                "initialize came before"),
                 400);
    return true;
  }
  const auto version =
      mcpctl::mcp::string_value(request.envelope.meta_protocol_version.in(request.text));
  if (version != mcpctl::mcp::newest_modern) {
    // The same list as in server/discover: what a request may name, not initialize.
    const Json supported = Json::array({mcpctl::mcp::newest_modern});
    reply.answer(
        error_response(request.id, error_code::unsupported_protocol_version,
                       "Unsupported protocol version",
                       Json{{"supported", supported}, {"requested", version.value_or("")}}),
        400);
    return true;
  }
  const std::string_view meta = request.envelope.params_meta.in(request.text);
  if (mcpctl::mcp::member(meta, "io.modelcontextprotocol/clientCapabilities").starts_with('{')) {
    return false;
  }
  reply.answer(error_response(request.id, error_code::invalid_params,
                              "_meta lacks io.modelcontextprotocol/clientCapabilities"),
               400);
  return true;
}

/// MCP 2025-11-25, lifecycle: the client's revision if we know it, else our newest.
void Peer::initialize(const Request& request, Reply reply) {
  const std::string wanted =
      params_of(request.text, request.envelope).value("protocolVersion", Json{}).dump();
  revision_ = legacy_revisions.front();
  for (const char* revision : legacy_revisions) {
    if (wanted == '"' + std::string{revision} + '"') revision_ = revision;
  }
  initialized_ = true;
  const ServerInfo& info = server_.info();
  Json result{{"protocolVersion", revision_},
              {"capabilities", {{"tools", Json::object()}}},
              {"serverInfo", {{"name", info.name}, {"version", info.version}}}};
  if (!info.instructions.empty()) result["instructions"] = info.instructions;
  reply.answer(response(request.id, result), 200);
}

void Peer::discover(const Request& request, Reply reply) {
  const ServerInfo& info = server_.info();
  Json result{{"supportedVersions", {mcpctl::mcp::newest_modern}},
              {"capabilities", {{"tools", Json::object()}}}};
  if (!info.instructions.empty()) result["instructions"] = info.instructions;
  make_modern(result, info);
  make_cacheable(result);
  reply.answer(response(request.id, result), 200);
}

void Peer::list_tools(const Request& request, Reply reply) {
  if (params_of(request.text, request.envelope).contains("cursor")) {
    // One page holds all; no cursor is ours, the empty one included.
    return reply.answer(error_response(request.id, error_code::invalid_params, "Invalid cursor"),
                        200);
  }
  Json result{{"tools", server_.listing()}};
  if (request.era == Era::modern) {
    make_modern(result, server_.info());
    make_cacheable(result);
  }
  reply.answer(response(request.id, result), 200);
}

void Peer::call_tool(const Request& request, Reply reply) {
  Json params = params_of(request.text, request.envelope);
  const auto refuse_call = [&](const std::string& why) {
    reply.answer(error_response(request.id, error_code::invalid_params, why), 200);
  };
  if (!params.contains("name") || !params["name"].is_string()) {
    return refuse_call("params.name must be a string");
  }
  const auto name = params["name"].get<std::string>();
  Tool* tool = server_.find(name);
  if (tool == nullptr) return refuse_call("Unknown tool: " + name);
  const Json arguments = params.value("arguments", Json::object());
  if (!arguments.is_object()) return refuse_call("params.arguments must be an object");
  if (in_flight_.contains(request.id)) return refuse_call("this id is in use");

  // The reply is shared by answer and progress, which the call owns together.
  auto pending = std::make_shared<Call::Pending>();
  auto way = std::make_shared<Reply>(std::move(reply));
  pending->answer = [this, id = request.id, era = request.era, way](ToolResult result) {
    Json object{{"content", std::move(result.content)}, {"isError", result.is_error}};
    if (result.structured) object["structuredContent"] = std::move(*result.structured);
    if (era == Era::modern) make_modern(object, server_.info());
    in_flight_.erase(id);
    way->answer(response(id, object), 200);
  };
  if (params.contains("_meta") && params["_meta"].is_object() &&
      params["_meta"].contains("progressToken")) {
    pending->progress = [token = params["_meta"]["progressToken"], way](
                            double done, std::optional<double> total, const std::string& message) {
      way->notify(progress_notification(token, done, total, message));
    };
  }
  in_flight_.emplace(request.id, pending);
  tool->run(arguments, Call{std::move(pending)});
}

}  // namespace sdk
