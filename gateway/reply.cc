#include "gateway/reply.h"

#include <nlohmann/json.hpp>

#include "mcp/envelope.h"
#include "mcp/raw.h"
#include "mcp/version.h"

namespace mcpctl::gateway {

std::string error_text(std::string_view raw_id, int code, std::string_view message,
                       std::string_view raw_data) {
  using Json = nlohmann::json;
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text += raw_id.empty() ? "null" : raw_id;
  text += R"(,"error":{"code":)" + std::to_string(code) + R"(,"message":)";
  // Messages may quote what came; replaced, so that dump() cannot throw.
  text += Json(message).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!raw_data.empty()) {
    text += R"(,"data":)";
    text += raw_data;
  }
  text += "}}";
  return text;
}

std::optional<int> error_code_of(std::string_view response) {
  // Almost none is: a search is cheaper than a scan.  What is long is a result, or says
  // so at its beginning.
  constexpr std::size_t beginning = 64u << 10;
  if (response.substr(0, beginning).find("error\"") == response.npos) return std::nullopt;
  const auto envelope = mcp::scan(response);
  if (!envelope || envelope->kind != mcp::Kind::error) return std::nullopt;
  const auto code = mcp::integer_value(envelope->error_code.in(response));
  return static_cast<int>(code.value_or(mcp::error_code::internal_error));
}

http::Response json_reply(int status, std::string text) {
  return {status, {}, std::move(text), "application/json"};
}

http::Response error_reply(int status, std::string_view raw_id, int code, std::string_view message,
                           std::string_view raw_data) {
  return json_reply(status, error_text(raw_id, code, message, raw_data));
}

http::Response accepted() { return {202, {}, {}}; }

}  // namespace mcpctl::gateway
