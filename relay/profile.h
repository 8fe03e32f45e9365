// What a server says of itself, and how a client of either era hears it; and what a
// server hears of its only client.
#pragma once
#include <string>
#include <string_view>

#include "mcp/message.h"
#include "mcp/version.h"
#include "relay/request.h"

namespace mcpctl::relay {

/// From the server's handshake.  The strings are raw JSON values as they stood;
/// empty: not said.  Self-reported: never a ground for a security decision.
struct ServerProfile {
  mcp::Era era{mcp::Era::unknown};
  std::string_view revision{};  ///< static storage
  std::string server_info{};
  std::string capabilities{};  ///< object
  std::string instructions{};  ///< string
};

/// Whether `capabilities` (a raw object) has `name`, or `name` with a true `member`.
bool declares(std::string_view capabilities, std::string_view name);
bool declares(std::string_view capabilities, std::string_view name, std::string_view member);

/// The result object of initialize, for a client with which `revision` was agreed.
std::string initialize_result(const ServerProfile& server, std::string_view revision);

/// The result object of server/discover.  Never to be cached: the next incarnation of
/// the server may be another.  Names the modern revisions, whatever the server speaks:
/// a Link translates.
std::string discover_result(const ServerProfile& server);

/// A legacy client as a server is told of it that is its alone: what it says of itself, each
/// object on one line; but not that it has tasks (MCP 2025-11-25), of which no Link asks, nor
/// that it knows those of the modern era.
mcp::Introduction introduction_of(const Asker& client);

}  // namespace mcpctl::relay
