// What an HTTP request must satisfy before its body is looked at as MCP: pure checks
// over headers, each with the answer that the specification names.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "mcp/envelope.h"

namespace sdk {

/// Why a request is refused: an HTTP status, and the JSON-RPC error that goes with it.
struct Refused {
  int status;
  int code;
  std::string message;
};

/// "localhost:8080", "127.0.0.1", "[::1]:80": names of this machine's loopback.
bool is_loopback_host(std::string_view host);

/// MCP transports, security: Host must be ours, Origin (if any) of this machine.
std::optional<Refused> check_origin(const mcpctl::http::Request& request);

/// MCP transports, sending messages: both media types must be acceptable, the body JSON.
std::optional<Refused> check_media_types(const mcpctl::http::Request& request);

/// MCP 2025-11-25, protocol version header: absent means 2025-03-26, unknown is refused.
std::optional<Refused> check_legacy_version(const mcpctl::http::Request& request);

/// MCP 2026-07-28, standard headers: MCP-Protocol-Version, Mcp-Method and Mcp-Name must
/// say what the body says.  `body` is what `envelope` was read from.
std::optional<Refused> check_modern_headers(const mcpctl::http::Request& request,
                                            const mcpctl::mcp::Envelope& envelope,
                                            std::string_view body);

/// The value of an Mcp-… header: plain, or "=?base64?…?="; nothing if that is broken.
std::optional<std::string> decode_header(std::string_view value);

}  // namespace sdk
