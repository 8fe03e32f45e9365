// The clients' door of a running fleet, opened where the configuration wants it.  A
// fleet runs on without it: that its port is taken is a warning.
#pragma once
#include <memory>
#include <string>

#include "cli/log.h"
#include "config/config.h"
#include "gateway/door.h"
#include "gateway/upstreams.h"
#include "loop/loop.h"
#include "runtime/status.h"
#include "runtime/supervisor.h"

namespace mcpctl::cli {

class ClientsDoor {
 public:
  /// Borrows all of them.  `state_dir`: for what is to outlive us; empty: nothing.
  ClientsDoor(loop::Loop& loop, runtime::Supervisor& supervisor, Log& log,
              const std::string& state_dir);
  ~ClientsDoor();
  ClientsDoor(const ClientsDoor&) = delete;
  ClientsDoor& operator=(const ClientsDoor&) = delete;

  /// In the Prometheus text format; empty without a door.
  std::string metrics() const { return door_ ? door_->metrics() : std::string{}; }
  /// Who is there.
  runtime::Clients clients() const { return door_ ? door_->clients() : runtime::Clients{}; }
  /// Ends every session and request of clients; before the supervisor goes.
  void leave();

 private:
  void reconfigure(const runtime::GatewayChanged& changed);

  loop::Loop& loop_;
  Log& log_;
  // The door outlives what it asks.
  std::unique_ptr<gateway::Door> door_;
  std::unique_ptr<gateway::Upstreams> upstreams_;
  runtime::Subscription changes_;
};

}  // namespace mcpctl::cli
