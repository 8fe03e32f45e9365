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
#include "cli/fleet_view.h"

namespace mcpctl::cli {

/// The door of a running fleet and the servers behind it.
struct Offerers {
  std::string door;
  FleetView fleet;

  /// Those that speak MCP: `named`, or all.  An unknown name is an error.
  Result<std::vector<std::string>> choose(const std::vector<std::string>& named) const;
};
Result<Offerers> offerers_of(const FoundFleet& fleet);

/// All pages of METHOD (say, "tools/list") of one server: each element of the result's
/// array `key`, raw.
std::expected<std::vector<std::string>, NoResult> list_all(const std::string& door,
                                                           const std::string& server,
                                                           const std::string& method,
                                                           std::string_view key, Duration timeout);

}  // namespace mcpctl::cli
