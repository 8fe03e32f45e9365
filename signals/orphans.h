// A subreaper gets the orphans of its servers as children and must reap them, but
// without taking the exit status of a child that somebody waits for.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <functional>

namespace mcpctl::signals {

/// Reaps children that have ended and are strangers; how many.  Call on SIGCHLD.
/// `known` is asked about each and says whether the pid has an owner; the owner may
/// reap it right there (waitid(P_PIDFD)) or later.  Never blocks.
std::size_t reap_orphans(const std::function<bool(pid_t)>& known);

}  // namespace mcpctl::signals
