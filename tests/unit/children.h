// Children of the test's own process: what it adopts, and what it must not leave.
#pragma once
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>

namespace mcpctl::testing {

/// Alive or not yet reaped.
inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/// As the supervisor does.
inline void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

}  // namespace mcpctl::testing
