// Which running fleet a command is about.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace mcpctl::cli {

/// What the user said about it.
struct FleetChoice {
  std::vector<std::string> files;  ///< -c
  std::string name;                ///< --fleet
};

struct FoundFleet {
  std::string name;
  std::string socket;
};

/// By --fleet; else the one that runs from the first file of -c; else the one that
/// runs from the file that `mcpctl run` would take here; else the only one running.
/// The error lists what runs.
Result<FoundFleet> find_fleet(const FleetChoice& choice);

/// What a running fleet tells of itself.
struct FleetIdentity {
  std::string name;
  std::string socket;
  int pid{0};
  std::string version;
  std::vector<std::string> files;
};

/// All of this user's that answer.
Result<std::vector<FleetIdentity>> running_fleets();

}  // namespace mcpctl::cli
