// The pid of who is asked for and not there, for tests.  A signal to it reaches nobody; one
// to 0 would reach our whole process group, and with it whoever runs the tests.
#pragma once
#include <sys/types.h>

#include <limits>

namespace mcpctl {

inline constexpr pid_t nobody = std::numeric_limits<pid_t>::max();

}  // namespace mcpctl
