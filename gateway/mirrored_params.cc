#include "gateway/mirrored_params.h"

#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "mcp/envelope.h"
#include "mcp/raw.h"

namespace mcpctl::gateway {
namespace {

constexpr std::string_view annotation = "x-mcp-header";
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

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || rest != end || text.empty()) return std::nullopt;
  return value;
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

void MirroredParams::learn(std::string_view server, std::string_view response) {
  const auto known = servers_.find(server);
  if (response.find(annotation) == std::string_view::npos && known == servers_.end()) return;
  const auto envelope = mcp::scan(response);
  if (!envelope || envelope->kind != mcp::Kind::response) return;
  Tools& tools = known != servers_.end() ? known->second : servers_[std::string{server}];
  mcp::RawArray listed{mcp::member(envelope->result.in(response), "tools")};
  while (const auto tool = listed.next()) {
    auto name = mcp::string_value(mcp::member(*tool, "name"));
    if (!name) continue;
    std::vector<Param> params;
    std::vector<std::string> path;
    collect(mcp::member(*tool, "inputSchema"), path, params);
    if (params.empty()) {
      tools.erase(*name);
    } else if (tools.size() < most_tools) {
      tools.insert_or_assign(std::move(*name), std::move(params));
    }
  }
  if (tools.empty()) servers_.erase(servers_.find(server));
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
    if (header && is_token(*header)) into.push_back({"Mcp-Param-" + *header, path});
    collect(property->value, path, into);
    path.pop_back();
  }
}

void MirroredParams::forget(std::string_view server) {
  if (const auto known = servers_.find(server); known != servers_.end()) servers_.erase(known);
}

/// Null: nothing of this tool is to be mirrored.
const std::vector<MirroredParams::Param>* MirroredParams::params_of(std::string_view server,
                                                                    std::string_view call,
                                                                    mcp::Span name) const {
  const auto tools = servers_.find(server);
  const auto plain = mcp::string_value(name.in(call));
  if (tools == servers_.end() || !plain) return nullptr;
  const auto tool = tools->second.find(*plain);
  return tool == tools->second.end() ? nullptr : &tool->second;
}

std::optional<Refusal> MirroredParams::check(std::string_view server, const http::Headers& headers,
                                             const relay::Request& call) const {
  const auto* params = params_of(server, call.text, call.envelope.params_name);
  if (params == nullptr) return std::nullopt;
  for (const Param& param : *params) {
    const std::string_view value = argument(call.envelope.params.in(call.text), param.path);
    if (value.empty()) continue;
    const std::string* given = headers.find(param.header);
    if (given == nullptr) return mismatch(param.header, "is missing");
    const auto decoded = decode_header(*given);
    if (!decoded) return mismatch(param.header, "is no proper =?base64?…?= value");
    if (!agrees(value, *decoded)) return mismatch(param.header, "and the arguments disagree");
  }
  return std::nullopt;
}

http::Headers MirroredParams::headers(std::string_view server, std::string_view call) const {
  http::Headers headers;
  if (!servers_.contains(server)) return headers;
  const auto envelope = mcp::scan(call);
  const auto* params = envelope ? params_of(server, call, envelope->params_name) : nullptr;
  if (params == nullptr) return headers;
  for (const Param& param : *params) {
    const std::string_view value = argument(envelope->params.in(call), param.path);
    if (value.empty()) continue;
    headers.set(param.header, encode_header(mcp::string_value(value).value_or(std::string{value})));
  }
  return headers;
}

}  // namespace mcpctl::gateway
