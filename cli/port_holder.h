// Who listens on a TCP port of this machine, as far as /proc tells us.
#pragma once
#include <cstdint>
#include <string>

namespace mcpctl::cli {

/// "node (pid 4711)"; "another user's process" when it is not ours to see; empty when
/// nobody listens.
std::string port_holder(std::uint16_t port);

}  // namespace mcpctl::cli
