// The mark that every process of a server carries in its environment.  It
// survives double forks and new sessions, so an escaped helper is still
// attributed to its server, and what a dead supervisor left is told from what a
// live one owns.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace mcpctl::spawn {

/// The environment variable that holds the cookie.
inline constexpr std::string_view cookie_variable = "MCPCTL_ID";

/// One run of a supervisor, recognisable by anybody on the machine.  A pid alone
/// is not enough: it is reused, restarts with the machine, and counts anew in
/// every container.
struct SupervisorInstance {
  pid_t pid{0};
  std::uint64_t start_time{0};     ///< clock ticks since boot, /proc/PID/stat field 22
  std::uint64_t pid_namespace{0};  ///< inode of /proc/self/ns/pid
  std::string boot_id;             ///< /proc/sys/kernel/random/boot_id
  friend bool operator==(const SupervisorInstance&, const SupervisorInstance&) = default;

  /// This process.
  static SupervisorInstance current();
};

struct Cookie {
  std::string fleet;
  std::string server;
  Incarnation incarnation;
  SupervisorInstance supervisor;
  friend bool operator==(const Cookie&, const Cookie&) = default;
};

/// "FLEET/SERVER/INCARNATION/PID.START.NAMESPACE.BOOT"; '/', '%', '=' and control
/// characters in names are percent-encoded.
std::string to_string(const Cookie& cookie);

/// nullopt for anything that to_string() could not have made.
std::optional<Cookie> parse_cookie(std::string_view text);

}  // namespace mcpctl::spawn
