// scan() against nlohmann/json: both must agree on what is JSON and on the values
// found, apart from the points where envelope.h says that it is stricter.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mcp/envelope.h"
#include "mcp/raw.h"
#include "mcp/splice.h"
#include "mcp/text.h"
#include "tests/fuzz/target.h"

namespace {

using nlohmann::json;
using namespace mcpctl::mcp;

enum class Opinion { json, not_json, number_out_of_range };

/// Validates only; tells a number that fits no double from real damage.
struct Judge : nlohmann::json_sax<json> {
  Opinion opinion{Opinion::json};
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    opinion = error.id == 406 ? Opinion::number_out_of_range : Opinion::not_json;
    return false;
  }
};

Opinion judge(std::string_view text) {
  Judge judge;
  json::sax_parse(text, &judge);
  return judge.opinion;
}

/// What scan() says of text that it refuses although it is JSON.
bool is_stricter_rule(std::string_view what) {
  static constexpr std::string_view rules[]{"member named twice",
                                            "nested too deeply",
                                            "empty batch",
                                            "neither an object nor an array",
                                            "\"jsonrpc\" is not \"2.0\"",
                                            "\"id\" is neither a string nor a number",
                                            "\"id\" is null",
                                            "\"method\" is not a string",
                                            "both \"method\" and \"result\"",
                                            "both \"method\" and \"error\"",
                                            "both \"result\" and \"error\"",
                                            "\"params\" is not an object",
                                            "\"result\" without \"id\"",
                                            "neither \"method\" nor \"result\" nor \"error\"",
                                            "\"error\" is not an object",
                                            "\"error.code\" is not a number",
                                            "\"error.message\" is not a string"};
  return std::find(std::begin(rules), std::end(rules), what) != std::end(rules);
}

void same(std::string_view text, Span span, const json& object, const char* key) {
  const bool present = object.is_object() && object.contains(key);
  MCPCTL_ASSERT(static_cast<bool>(span) == present);
  if (!present) return;
  const std::string_view raw = span.in(text);
  MCPCTL_ASSERT(json::parse(raw) == object[key]);
  if (object[key].is_string()) MCPCTL_ASSERT(string_value(raw) == object[key].get<std::string>());
  if (object[key].is_number_integer() && raw != "-0") {
    const auto value = integer_value(raw);
    if (value) MCPCTL_ASSERT(*value == object[key].get<std::int64_t>());
  }
}

void compare(std::string_view text, const Envelope& e) {
  const json message = json::parse(text, nullptr, false);
  MCPCTL_ASSERT(!message.is_discarded());
  if (e.kind == Kind::batch) {
    const auto elements = batch_elements(text);
    MCPCTL_ASSERT(message.is_array() && elements.size() == message.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      MCPCTL_ASSERT(json::parse(elements[i]) == message[i]);
    }
    return;
  }
  const auto inner = [](const json& object, const char* key) {
    return object.is_object() && object.contains(key) ? object[key] : json{};
  };
  const json params = inner(message, "params");
  const json meta = inner(params, "_meta");
  const json result = inner(message, "result");
  const json result_meta = inner(result, "_meta");
  const json error = inner(message, "error");
  const char* subscription = "io.modelcontextprotocol/subscriptionId";
  same(text, e.jsonrpc, message, "jsonrpc");
  same(text, e.id, message, "id");
  same(text, e.method, message, "method");
  same(text, e.params, message, "params");
  same(text, e.result, message, "result");
  same(text, e.error, message, "error");
  same(text, e.params_name, params, "name");
  same(text, e.params_uri, params, "uri");
  same(text, e.params_task_id, params, "taskId");
  same(text, e.params_progress_token, params, "progressToken");
  same(text, e.params_request_id, params, "requestId");
  same(text, e.params_meta, params, "_meta");
  same(text, e.meta_progress_token, meta, "progressToken");
  same(text, e.meta_protocol_version, meta, "io.modelcontextprotocol/protocolVersion");
  same(text, e.meta_subscription_id, meta, subscription);
  same(text, e.result_meta, result, "_meta");
  same(text, e.result_meta_subscription_id, result_meta, subscription);
  same(text, e.error_code, error, "code");
  same(text, e.error_message, error, "message");
  if (e.id) {
    json expected = message;
    expected["id"] = "spliced";
    MCPCTL_ASSERT(json::parse(splice(text, e.id, "\"spliced\"")) == expected);
  }
}

void run_envelope(std::string_view text) {
  const auto envelope = scan(text);
  const std::string shown = printable(text, 64);
  MCPCTL_ASSERT(shown.size() <= 64 && json::accept('"' + [&] {
                  std::string quoted;
                  for (const char c : shown) {
                    if (c == '"' || c == '\\') quoted += '\\';
                    quoted += c;
                  }
                  return quoted;
                }() + '"'));

  // nlohmann's lexer takes a NUL for the end of its input, and skips a byte order
  // mark; scan() must refuse both.
  if (text.find('\0') != text.npos || text.starts_with("\xEF\xBB\xBF")) {
    MCPCTL_ASSERT(!envelope);
    return;
  }
  switch (judge(text)) {
    case Opinion::not_json: MCPCTL_ASSERT(!envelope); break;
    case Opinion::json:
      if (!envelope) {
        MCPCTL_ASSERT(is_stricter_rule(envelope.error().what));
        MCPCTL_ASSERT(envelope.error().offset <= text.size());
      } else {
        compare(text, *envelope);
      }
      break;
    case Opinion::number_out_of_range: break;  // JSON by the grammar, for us
  }
}

const mcpctl::fuzz::Target envelope_target{'e', run_envelope};

}  // namespace
