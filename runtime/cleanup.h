// What a new supervisor does about a dead one of the same fleet: ends the processes
// that it left.  Its control groups go when our own is made (spawn/cgroup.h).
#pragma once
#include <span>
#include <string>

#include "spawn/cookie.h"
#include "spawn/leftovers.h"

namespace mcpctl::runtime {

/// Blocks while it kills, at most two seconds: call it before the loop runs, or on
/// another thread.  Spares what `self` has started.  Returns what it did in one sentence
/// for the log, empty if there was nothing to do.
std::string clean_up_after_predecessor(const std::string& fleet,
                                       std::span<const spawn::LeaderRecord> leaders,
                                       const spawn::SupervisorInstance& self);

}  // namespace mcpctl::runtime
