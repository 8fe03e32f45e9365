// Reads what a service tells its supervisor by sd_notify(3): one datagram of
// VARIABLE=value lines.  Untrusted bytes in, a bounded value out.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace mcpctl::health {

struct Notification {
  bool ready{false};         ///< READY=1
  bool stopping{false};      ///< STOPPING=1
  bool watchdog_fed{false};  ///< WATCHDOG=1
  /// EXTEND_TIMEOUT_USEC=…, rounded up to milliseconds, at most one hour.
  std::optional<Duration> extend_timeout;
  /// STATUS=…, one printable line of at most 256 bytes.
  std::optional<std::string> status;
};

/// Only the first 4 KiB are read; unknown variables (MAINPID, ERRNO, FDSTORE …)
/// and malformed values are ignored, as sd_notify(3) asks.
Notification parse_notification(std::string_view datagram);

}  // namespace mcpctl::health
