#include "gateway/mirrored_params.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ascii.h"
#include "mcp/envelope.h"
#include "mcp/raw.h"

namespace mcpctl::gateway {
namespace {

constexpr std::string_view annotation = "x-mcp-header";
constexpr std::string_view prefix = "Mcp-Param-";
constexpr std::string_view more = "nextCursor";
/// What a hostile server can make us remember.
constexpr std::size_t most_tools = 1000;
constexpr std::size_t most_params = 64;
constexpr std::size_t deepest = 16;

bool is_token(std::string_view text) {
  if (text.empty() || text.size() > 100) return false;
  for (const char c : text) {
    if (!is_alphanumeric(c) &&
        std::string_view{"!#$%&'*+-.^_`|~"}.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

/// Of JSON.  (With std::from_chars every start of the program would load libm.)
std::optional<double> number_of(std::string_view text) {
  if (text.empty() || !(is_digit(text[0]) || text[0] == '-')) return std::nullopt;
  if (!is_digit(text.back())) return std::nullopt;  // a blank, say
  const auto value = nlohmann::json::parse(text, nullptr, false);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

Refusal mismatch(const std::string& header, std::string_view why) {
  return {400, mcp::error_code::header_mismatch, "the " + header + " header " + std::string{why}};
}

/// Whether the header says what the argument (a raw value) is.
bool agrees(std::string_view raw, const std::string& header) {
  if (const auto text = mcp::string_value(raw)) return *text == header;
  if (raw == header) return true;  // true, false, and most numbers
  const auto a = number_of(raw);
  const auto b = number_of(header);
  return a && b && !(*a < *b) && !(*a > *b);
}

/// The raw argument; empty: it is not given, or nothing that a header can hold.
std::string_view argument(std::string_view params, const std::vector<std::string>& path) {
  std::string_view value = mcp::member(params, "arguments");
  for (const std::string& step : path) value = mcp::member(value, step);
  const bool is_simple = !value.empty() && value != "null" && value[0] != '{' && value[0] != '[';
  return is_simple ? value : std::string_view{};
}

}  // namespace

relay::Mirrored MirroredParams::given(const http::Headers& headers) {
  relay::Mirrored given;
  for (const http::Header field : headers) {
    const std::string_view start = field.name.substr(0, prefix.size());
    if (http::equal_ignoring_case(start, prefix)) given.emplace_back(field.name, field.value);
  }
  return given;
}

void MirroredParams::learn(std::string_view response) {
  const bool is_plain = response.find(annotation) == response.npos &&
                        response.find(more) == response.npos && tools_.empty();
  if (is_plain) {
    is_complete_ = true;
    return;
  }
  const auto envelope = mcp::scan(response);
  if (!envelope || envelope->kind != mcp::Kind::response) return;
  const std::string_view result = envelope->result.in(response);
  mcp::RawArray listed{mcp::member(result, "tools")};
  while (const auto tool = listed.next()) {
    auto name = mcp::string_value(mcp::member(*tool, "name"));
    if (!name) continue;
    std::vector<Param> params;
    std::vector<std::string> path;
    collect(mcp::member(*tool, "inputSchema"), path, params);
    if (params.empty()) {
      tools_.erase(*name);
    } else if (tools_.size() < most_tools) {
      tools_.insert_or_assign(std::move(*name), std::move(params));
    }
  }
  if (mcp::member(result, more).empty()) is_complete_ = true;
}

void MirroredParams::collect(std::string_view schema, std::vector<std::string>& path,
                             std::vector<Param>& into) {
  if (path.size() >= deepest) return;
  mcp::RawObject properties{mcp::member(schema, "properties")};
  while (const auto property = properties.next()) {
    auto key = mcp::string_value(property->key);
    if (!key || into.size() >= most_params) return;
    path.push_back(std::move(*key));
    const auto header = mcp::string_value(mcp::member(property->value, annotation));
    if (header && is_token(*header)) into.push_back({std::string{prefix} + *header, path});
    collect(property->value, path, into);
    path.pop_back();
  }
}

/// Null: nothing of this tool is to be mirrored.
const std::vector<MirroredParams::Param>* MirroredParams::params_of(std::string_view call,
                                                                    mcp::Span name) const {
  const auto plain = mcp::string_value(name.in(call));
  const auto tool = plain ? tools_.find(*plain) : tools_.end();
  return tool == tools_.end() ? nullptr : &tool->second;
}

std::optional<Refusal> MirroredParams::check(const relay::Mirrored& given,
                                             const relay::Request& call) const {
  if (tools_.empty()) return std::nullopt;
  const auto* params = params_of(call.text, call.envelope.params_name);
  if (params == nullptr) return std::nullopt;
  for (const Param& param : *params) {
    const std::string_view value = argument(call.envelope.params.in(call.text), param.path);
    if (value.empty()) continue;
    const auto header = std::ranges::find_if(given, [&](const auto& field) {
      return http::equal_ignoring_case(field.first, param.header);
    });
    if (header == given.end()) return mismatch(param.header, "is missing");
    const auto decoded = decode_header(header->second);
    if (!decoded) return mismatch(param.header, "is no proper =?base64?…?= value");
    if (!agrees(value, *decoded)) return mismatch(param.header, "and the arguments disagree");
  }
  return std::nullopt;
}

http::Headers MirroredParams::headers(std::string_view call) const {
  http::Headers headers;
  if (tools_.empty()) return headers;
  const auto envelope = mcp::scan(call);
  const auto* params = envelope ? params_of(call, envelope->params_name) : nullptr;
  if (params == nullptr) return headers;
  for (const Param& param : *params) {
    const std::string_view value = argument(envelope->params.in(call), param.path);
    if (value.empty()) continue;
    headers.set(param.header, encode_header(mcp::string_value(value).value_or(std::string{value})));
  }
  return headers;
}

}  // namespace mcpctl::gateway
