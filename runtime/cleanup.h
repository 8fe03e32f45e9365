// What a new supervisor does about a dead one of the same fleet: ends the processes
// that it left, and removes its control groups.
#pragma once
#include <span>
#include <string>

#include "spawn/cookie.h"
#include "spawn/leftovers.h"

namespace mcpctl::runtime {

/// Blocks while it kills, at most two seconds: call it before the loop runs, or on
/// another thread.  Spares what `self` has started.  `cgroups` is the directory of cgroup v2
/// where groups of fleets are made; empty: there is none.  Returns whom it killed in one
/// sentence for the log, empty if there was nobody.
std::string clean_up_after_predecessor(const std::string& fleet,
                                       std::span<const spawn::LeaderRecord> leaders,
                                       const spawn::SupervisorInstance& self,
                                       const std::string& cgroups);

}  // namespace mcpctl::runtime
