// What the tests of the clients' door share.
#pragma once
#include <string>

#include "fleet.h"
#include "web.h"

namespace mcpctl::e2e {

/// The example server with the tools add, multiply, divide and power.
inline Json math() { return {{"command", MCPCTL_BINARY_DIR "/examples/math"}}; }

/// A fleet's own settings with the gateway open on a free port of loopback.
inline Json with_door(Json ours = quick()) {
  ours["gateway"]["listen"] = "127.0.0.1:0";
  return ours;
}

}  // namespace mcpctl::e2e
