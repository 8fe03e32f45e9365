// The operators' door: HTTP on the fleet's unix socket, and, for probes only, on a
// TCP address.  Lets in the user who runs the supervisor, and root; nobody else may
// even ask.  Having it open is what makes this process the fleet's supervisor.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/api.h"
#include "control/transitions.h"
#include "http/server.h"
#include "loop/address.h"
#include "loop/loop.h"
#include "runtime/status.h"
#include "runtime/supervisor.h"

namespace mcpctl::control {

struct DoorOptions {
  /// In a directory that exists, see runtime::RuntimeDir.  Empty: nobody can command the
  /// fleet, and nobody is kept from running it a second time.
  std::string socket;
  /// Serves /livez, /readyz and /metrics, to anybody who can connect.
  std::optional<loop::Address> probes;
  /// A client asked for the end of everything.
  std::function<void()> on_shutdown;
  /// Figures of others for /metrics, in its format.
  std::function<std::string()> more_metrics;
  /// Who is at the clients' door; none: nobody can be.
  std::function<runtime::Clients()> clients;
  /// A sentence for the log: trouble of a listener, a client dropped.
  std::function<void(std::string_view)> on_trouble;
};

class Door {
 public:
  /// Fails when another supervisor holds the socket.
  static Result<std::unique_ptr<Door>> open(loop::Loop& loop, DoorOptions options);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// Until then, every request is answered 503.  Borrows the supervisor.
  void serve(runtime::Supervisor& supervisor);
  /// Ends the streams; nothing refers to the supervisor afterwards.
  void leave();

  /// Where the probes are answered, with the actual port.
  const std::optional<loop::Address>& probes() const { return options_.probes; }

 private:
  explicit Door(loop::Loop& loop, DoorOptions options);
  void handle(http::Exchange exchange);
  bool follow(http::Exchange& exchange);
  bool ping(http::Exchange& exchange);
  template <typename Kind, typename... Arguments>
  void add_follower(http::Exchange exchange, Arguments&&... arguments);

  struct Inside;
  loop::Loop& loop_;
  DoorOptions options_;
  std::unique_ptr<Inside> inside_;  ///< what serves; null before and after
  http::Server server_;
};

}  // namespace mcpctl::control
