#include "sdk/http_rules.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "mcp/raw.h"
#include "mcp/version.h"

namespace sdk {

namespace error_code = mcpctl::mcp::error_code;
using mcpctl::http::Request;

namespace {

constexpr int server_error = -32000;

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool accepts(const Request& request, std::string_view media_type) {
  const std::string accept = lower(request.headers.get("Accept"));
  for (std::size_t at = 0; at < accept.size();) {
    const std::size_t comma = std::min(accept.find(',', at), accept.size());
    std::string one = accept.substr(at, comma - at);
    one = one.substr(0, one.find(';'));
    std::erase(one, ' ');
    const std::string any_subtype = std::string{media_type.substr(0, media_type.find('/'))} + "/*";
    if (one == media_type || one == "*/*" || one == any_subtype) return true;
    at = comma + 1;
  }
  return false;
}

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  unsigned value = 0;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = (value << 6 | static_cast<unsigned>(digit)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(value >> bits & 0xff);
    }
  }
  return out;
}

Refused mismatch(std::string_view header, const std::string& why) {
  return {400, error_code::header_mismatch, "Header mismatch: " + std::string{header} + ' ' + why};
}

/// `wanted` is the raw JSON string of the body; an absent one asks for no header.
std::optional<Refused> check_mirror(const Request& request, std::string_view header,
                                    std::string_view wanted) {
  if (wanted.empty()) return std::nullopt;
  const auto value = request.headers.find(header);
  if (!value) return mismatch(header, "is missing");
  const auto decoded = decode_header(*value);
  if (!decoded) return mismatch(header, "is not valid base64");
  if (mcpctl::mcp::is_string(wanted, *decoded)) return std::nullopt;
  return mismatch(header, "says '" + *decoded + "', the body says " + std::string{wanted});
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const std::size_t port = host.rfind(':');
  const bool has_port = port != std::string_view::npos && !host.substr(port).contains(']');
  if (has_port) {
    const std::string_view digits = host.substr(port + 1);
    if (!std::ranges::all_of(digits, [](unsigned char c) { return std::isdigit(c); })) return false;
    host = host.substr(0, port);
  }
  const std::string name = lower(host);
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

std::optional<Refused> check_origin(const Request& request) {
  if (!is_loopback_host(request.headers.get("Host"))) {
    return Refused{403, server_error, "Forbidden: foreign Host"};
  }
  const auto origin = request.headers.find("Origin");
  if (!origin) return std::nullopt;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin->starts_with(scheme) && is_loopback_host(origin->substr(scheme.size()))) {
      return std::nullopt;
    }
  }
  return Refused{403, server_error, "Forbidden: foreign Origin"};
}

std::optional<Refused> check_media_types(const Request& request) {
  if (!mcpctl::http::is_media_type(request.headers.get("Content-Type"), "application/json")) {
    return Refused{415, server_error, "Unsupported Media Type: the body must be application/json"};
  }
  if (!accepts(request, "application/json") || !accepts(request, "text/event-stream")) {
    return Refused{406, server_error,
                   "Not Acceptable: accept both application/json and text/event-stream"};
  }
  return std::nullopt;
}

std::optional<Refused> check_legacy_version(const Request& request) {
  const auto version = request.headers.find("MCP-Protocol-Version");
  if (!version || mcpctl::mcp::find_revision(*version)) return std::nullopt;
  return Refused{400, server_error,
                 "Bad Request: unsupported MCP-Protocol-Version " + std::string{*version}};
}

std::optional<Refused> check_modern_headers(const Request& request,
                                            const mcpctl::mcp::Envelope& envelope,
                                            std::string_view body) {
  if (auto refused =
          check_mirror(request, "MCP-Protocol-Version", envelope.meta_protocol_version.in(body))) {
    return refused;
  }
  const std::string_view method = envelope.method.in(body);
  if (auto refused = check_mirror(request, "Mcp-Method", method)) return refused;
  if (mcpctl::mcp::is_string(method, "resources/read")) {
    return check_mirror(request, "Mcp-Name", envelope.params_uri.in(body));
  }
  if (mcpctl::mcp::is_string(method, "tools/call") ||
      mcpctl::mcp::is_string(method, "prompts/get")) {
    return check_mirror(request, "Mcp-Name", envelope.params_name.in(body));
  }
  return std::nullopt;
}

std::optional<std::string> decode_header(std::string_view value) {
  constexpr std::string_view prefix = "=?base64?";
  if (!value.starts_with(prefix) || !value.ends_with("?=") || value.size() < prefix.size() + 2) {
    return std::string{value};
  }
  return decode_base64(value.substr(prefix.size(), value.size() - prefix.size() - 2));
}

}  // namespace sdk
