#include "relay/message.h"

#include <nlohmann/json.hpp>

#include "mcp/raw.h"
#include "mcp/splice.h"
#include "relay/edits.h"

namespace mcpctl::relay {
namespace {

constexpr std::string_view subscription_id = "io.modelcontextprotocol/subscriptionId";

bool is_of_the_modern_era(std::string_view raw_key) {
  for (const std::string_view key :
       {"io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientInfo",
        "io.modelcontextprotocol/clientCapabilities", "io.modelcontextprotocol/logLevel"}) {
    if (mcp::is_string(raw_key, key)) return true;
  }
  return false;
}

void add_member(std::string& object, std::string_view raw_key, std::string_view raw_value) {
  if (object.size() > 1) object += ',';
  object += raw_key;
  object += ':';
  object += raw_value;
}

}  // namespace

std::string result_message(std::string_view raw_id, std::string_view raw_result) {
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text += raw_id;
  text += R"(,"result":)";
  text += raw_result;
  text += '}';
  return text;
}

std::string request_message(std::string_view raw_id, std::string_view raw_method,
                            std::string_view raw_params) {
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text += raw_id;
  text += R"(,"method":)";
  text += raw_method;
  if (!raw_params.empty()) {
    text += R"(,"params":)";
    text += raw_params;
  }
  text += '}';
  return text;
}

std::string cancelled_message(std::string_view raw_request_id, std::string_view raw_reason) {
  std::string text =
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)";
  text += raw_request_id;
  if (!raw_reason.empty()) {
    text += R"(,"reason":)";
    text += raw_reason;
  }
  text += "}}";
  return text;
}

std::string input_required_message(std::string_view raw_id, std::string_view raw_input_requests,
                                   std::string_view token) {
  std::string result = R"({"resultType":"input_required","inputRequests":)";
  result += raw_input_requests;
  result += R"(,"requestState":)";
  result += json_string(token);
  result += '}';
  return result_message(raw_id, result);
}

std::string json_string(std::string_view plain) {
  return nlohmann::json(plain).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string modern_meta(const Asker& asker, std::string_view revision) {
  std::string members = R"("io.modelcontextprotocol/protocolVersion":)" + json_string(revision);
  if (!asker.info.empty()) {
    members += R"(,"io.modelcontextprotocol/clientInfo":)" + asker.info;
  }
  members += R"(,"io.modelcontextprotocol/clientCapabilities":)";
  members += asker.capabilities.empty() ? "{}" : asker.capabilities;
  if (!asker.log_level.empty()) {
    members += R"(,"io.modelcontextprotocol/logLevel":)" + json_string(asker.log_level);
  }
  return members;
}

std::string rewritten_meta(std::string_view raw_meta, std::string_view members,
                           std::string_view progress_token) {
  std::string object = "{";
  object += members;
  mcp::RawObject old{raw_meta};
  while (const auto found = old.next()) {
    if (is_of_the_modern_era(found->key)) continue;
    const bool is_token = mcp::is_string(found->key, "progressToken");
    add_member(object, found->key, is_token ? progress_token : found->value);
  }
  object += '}';
  return object;
}

std::string in_subscription(std::string_view text, const mcp::Envelope& envelope,
                            std::string_view raw_id) {
  std::string member;
  if (!raw_id.empty()) {
    member = json_string(subscription_id) + ':';
    member += raw_id;
  }
  const std::string_view meta = envelope.params_meta.in(text);
  if (meta.starts_with('{')) {
    if (envelope.meta_subscription_id && !raw_id.empty()) {
      return mcp::splice(text, envelope.meta_subscription_id, raw_id);
    }
    if (!envelope.meta_subscription_id) {
      return Edits{text}.prepend(envelope.params_meta, member).apply();
    }
    std::string rest = "{";
    mcp::RawObject old{meta};
    while (const auto found = old.next()) {
      if (!mcp::is_string(found->key, subscription_id)) add_member(rest, found->key, found->value);
    }
    return mcp::splice(text, envelope.params_meta, rest + '}');
  }
  if (raw_id.empty()) return std::string{text};
  const std::string meta_member = "\"_meta\":{" + member + '}';
  if (envelope.params_meta) return mcp::splice(text, envelope.params_meta, '{' + member + '}');
  if (envelope.params) return Edits{text}.prepend(envelope.params, meta_member).apply();
  return Edits{text}.append(",\"params\":{" + meta_member + '}').apply();
}

}  // namespace mcpctl::relay
