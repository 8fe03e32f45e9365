// What a new supervisor does about a dead one of the same fleet: ends the
// processes and removes the control groups that it left.
#pragma once
#include <span>
#include <string>

#include "spawn/cookie.h"
#include "spawn/leftovers.h"

namespace mcpctl::runtime {

/// Blocks while it kills, at most two seconds; call before the loop runs.  Returns
/// what it did in one sentence for the log, empty if there was nothing to do.
std::string clean_up_after_predecessor(const std::string& fleet,
                                       std::span<const spawn::LeaderRecord> leaders,
                                       const spawn::SupervisorInstance& self);

}  // namespace mcpctl::runtime
