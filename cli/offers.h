// What the fleet's servers offer, asked through the clients' door.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cli/door_client.h"
#include "cli/find_fleet.h"

namespace mcpctl::cli {

/// Whom a command asks: servers that speak MCP, and the door before them.
struct Offerers {
  std::string fleet;
  std::string door;
  std::vector<std::string> servers;
};
/// Of a running fleet those that are `named`, or all.  Complains when there is no fleet, no
/// door or no server of such a name: then it is the exit status.
std::expected<Offerers, int> offerers_of(const Result<FoundFleet>& fleet,
                                         const std::vector<std::string>& named);

/// All pages of METHOD (say, "tools/list") of one server: each element of the result's
/// array `key`, raw.
std::expected<std::vector<std::string>, NoResult> list_all(const std::string& door,
                                                           const std::string& server,
                                                           const std::string& method,
                                                           std::string_view key, Duration timeout);

}  // namespace mcpctl::cli
