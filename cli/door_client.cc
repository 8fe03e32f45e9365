#include "cli/door_client.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/api_client.h"
#include "control/parameters.h"
#include "control/version.h"
#include "http/client.h"
#include "http/url.h"
#include "loop/loop.h"
#include "mcp/envelope.h"
#include "mcp/raw.h"
#include "mcp/version.h"

namespace mcpctl::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string message_of(const Question& question) {
  const Json client{{"name", "mcpctl"}, {"version", control::version()}};
  const Json meta{{"io.modelcontextprotocol/protocolVersion", mcp::newest_modern},
                  {"io.modelcontextprotocol/clientInfo", client},
                  {"io.modelcontextprotocol/clientCapabilities", Json::object()},
                  {"progressToken", 1}};
  std::string text = R"({"jsonrpc":"2.0","id":1,"method":)" + json_string(question.method);
  text += R"(,"params":{"_meta":)" + meta.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (question.params.size() > 2) text += ',' + question.params.substr(1);
  return text + (question.params.size() > 2 ? "}" : "}}");
}

/// Reads the messages of the answer until the response has come.
class Listener {
 public:
  explicit Listener(const Question& question) : question_(question) {}

  void hear(std::string_view text) {
    const auto envelope = mcp::scan(text);
    if (!envelope) return;
    if (envelope->kind == mcp::Kind::notification && question_.on_notification) {
      question_.on_notification(text);
    }
    if (envelope->kind == mcp::Kind::response) {
      outcome_ = std::string{envelope->result.in(text)};
    } else if (envelope->kind == mcp::Kind::error) {
      outcome_ = std::unexpected{NoResult{
          static_cast<int>(mcp::integer_value(envelope->error_code.in(text)).value_or(0)),
          mcp::string_value(envelope->error_message.in(text)).value_or("an error without words")}};
    }
  }

  std::expected<std::string, NoResult> outcome(const Result<http::Response>& answer) {
    if (outcome_) return std::move(*outcome_);
    if (!answer) return std::unexpected{NoResult{0, answer.error().message}};
    return std::unexpected{
        NoResult{0, "the door answered with HTTP status " + std::to_string(answer->status)}};
  }

 private:
  const Question& question_;
  std::optional<std::expected<std::string, NoResult>> outcome_;
};

}  // namespace

Result<std::string> door_of(const FoundFleet& fleet) {
  const auto answer = call(fleet.socket, "GET", "/api/v1/servers?usage=0");
  if (!answer) return std::unexpected{answer.error()};
  const auto json = nlohmann::json::parse(*answer, nullptr, false);
  const auto url = json.is_object() ? json.find("gateway") : json.end();
  if (url == json.end() || !url->is_string())
    return failure("fleet " + fleet.name + " has no door for MCP clients");
  return url->get<std::string>();
}

std::string url_of(const std::string& door, const std::string& server) {
  return door + "/" + control::percent_encoded(server);
}

std::string json_string(const std::string& plain) {
  return Json(plain).dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Headers door_headers() {
  http::Headers headers;
  const char* token = std::getenv("MCPCTL_TOKEN");
  if (token != nullptr && *token != '\0') {
    headers.set("Authorization", "Bearer " + std::string{token});
  }
  return headers;
}

std::expected<std::string, NoResult> ask(const Question& question) {
  auto url = http::parse_url(question.url);
  if (!url) return std::unexpected{NoResult{0, url.error().message}};
  http::Outgoing request;
  request.method = "POST";
  request.url = std::move(*url);
  request.headers = door_headers();
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Accept", "application/json, text/event-stream");
  request.headers.set("MCP-Protocol-Version", mcp::newest_modern);
  request.headers.set("Mcp-Method", question.method);
  if (!question.name.empty()) request.headers.set("Mcp-Name", question.name);
  request.body = message_of(question);

  loop::Loop loop;
  http::Client client{loop};
  http::CallOptions options;
  options.first_byte_timeout = Duration{0};
  options.total_timeout = question.timeout;
  options.limits.body_bytes = longest_answer;
  Listener listener{question};
  std::expected<std::string, NoResult> outcome;
  http::CallCallbacks callbacks;
  callbacks.on_event = [&](const http::SseEvent& event) { listener.hear(event.data); };
  callbacks.on_done = [&](const Result<http::Response>& answer) {
    if (answer) listener.hear(answer->body);
    outcome = listener.outcome(answer);
    loop.stop();
  };
  const http::Call call = client.send(std::move(request), options, std::move(callbacks));
  loop.run();
  return outcome;
}

}  // namespace mcpctl::cli
