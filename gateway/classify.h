// Which era a client's message belongs to, by itself (one URL serves both), and
// whether a modern one is what its headers say (MCP 2026-07-28, Streamable HTTP,
// "standard headers").  Pure.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "mcp/version.h"
#include "relay/request.h"

namespace mcpctl::gateway {

/// Why a message is not taken: an HTTP status and a JSON-RPC error.
struct Refusal {
  int status{400};
  int code{0};
  std::string message;
  std::string data{};  ///< raw JSON; empty: none
};

/// The era of one message.  legacy: by its session, or it opens one.  A modern
/// request is complete and agrees with its headers.  A batch is always legacy.
std::expected<mcp::Era, Refusal> classify(const http::Headers& headers,
                                          const relay::Request& message);

/// The value of Mcp-Name and Mcp-Param-* headers: as it stands, or "=?base64?…?=" of
/// UTF-8 text; nothing when that is not canonical.
std::optional<std::string> decode_header(std::string_view value);

/// The same the other way round: what is no plain header value (RFC 9110 §5.5), or would
/// be read as encoded, is encoded.
std::string encode_header(std::string_view text);

/// The Mcp-Name that belongs to this request; nothing if it has none.
std::optional<std::string> name_header(std::string_view text, const mcp::Envelope& envelope);

/// The revision that is agreed with a legacy client that asks for `wanted`; static
/// storage.
std::string_view negotiate(std::string_view wanted);

/// {"supported": […], "requested": …} of an unsupported revision.
Refusal unsupported_revision(std::string_view requested);

}  // namespace mcpctl::gateway
