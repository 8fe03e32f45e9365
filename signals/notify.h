// Tells the service manager about our state, sd_notify(3), by hand: systemd's
// library cannot be linked statically.  Never blocks, never fails loudly; without
// NOTIFY_SOCKET every call does nothing.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "loop/fd.h"

namespace mcpctl::signals {

class ServiceNotifier {
 public:
  /// One that tells nobody.
  ServiceNotifier() = default;

  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.  Behind a warden the
  /// messages come from its child: the unit needs NotifyAccess=all, and a
  /// WATCHDOG_PID that names our parent is taken as ours.
  static ServiceNotifier from_environment();

  /// To the socket at `address`: a path, or "@name" in the abstract namespace.
  static Result<ServiceNotifier> to(std::string_view address);

  /// Whether anybody listens.
  explicit operator bool() const { return static_cast<bool>(socket_); }

  bool ready() const { return send("READY=1"); }
  bool stopping() const { return send("STOPPING=1"); }
  bool watchdog() const { return send("WATCHDOG=1"); }
  /// One line for `systemctl status`; line breaks become blanks.
  bool status(std::string_view text) const;

  /// How often watchdog() must be called at most apart, as the service manager set
  /// it; call at half of that.  nullopt: no watchdog.
  std::optional<Duration> watchdog_interval() const { return watchdog_interval_; }

 private:
  bool send(std::string_view message) const;

  loop::Fd socket_;
  std::string peer_;  ///< the bytes of its sockaddr_un
  std::optional<Duration> watchdog_interval_;
};

}  // namespace mcpctl::signals
