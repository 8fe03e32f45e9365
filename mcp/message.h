// Writes the few messages that the supervisor authors itself; everything else on
// the wire is somebody's original bytes.  Each function returns one JSON-RPC
// message on one line, UTF-8, without the line's ending.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/version.h"

namespace mcpctl::mcp {

/// How we name ourselves to servers: "mcpctl" and this version.
struct ClientInfo {
  std::string_view version;  ///< static storage
};

/// MCP 2026-07-28, "server/discover".  Carries the _meta that every modern
/// request must have, with no client capabilities.
std::string discover_request(std::uint64_t id, ClientInfo client);

/// A client as `initialize` introduces it: raw JSON objects.
struct Introduction {
  std::string info;
  /// With none, no server has a reason to ask for roots, sampling or elicitation.
  std::string capabilities{"{}"};
};
Introduction introduction_of(ClientInfo client, std::string_view capabilities = "{}");

/// MCP 2025-11-25, lifecycle.
std::string initialize_request(std::uint64_t id, const Introduction& client);
std::string initialized_notification();

/// Legacy only.
std::string ping_request(std::uint64_t id);

/// `cursor`: of the page wanted; an empty one is a cursor too.
std::string tools_list_request(std::uint64_t id, Era era, ClientInfo client,
                               const std::optional<std::string>& cursor);

/// `raw_id`: the id as it stood in the request.
std::string empty_response(std::string_view raw_id);
std::string error_response(std::string_view raw_id, int code, std::string_view message);

}  // namespace mcpctl::mcp
