// The clients' door: MCP over HTTP at /mcp/NAME for one server and /mcp for all of
// them, in both eras at the same URL.  Checks who comes, speaks HTTP and sessions, and
// asks the Backend for everything else.  Nothing here can start, stop or configure.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "gateway/backend.h"
#include "gateway/figures.h"
#include "gateway/visit.h"
#include "http/server.h"
#include "loop/address.h"
#include "loop/loop.h"
#include "runtime/status.h"

namespace mcpctl::gateway {

struct DoorOptions {
  config::Gateway config;
  /// A sentence for the log: trouble of the listener, a client dropped.
  std::function<void(std::string_view)> on_trouble;
  /// A line for each request, when the configuration wants an access log.
  std::function<void(std::string_view)> on_access;
};

/// Where `config` wants the door.  An error when that is no address, or when it is not
/// loopback and there is no token to keep strangers out.
Result<loop::Address> door_address(const config::Gateway& config);

class Door final : private VisitSink {
 public:
  static Result<std::unique_ptr<Door>> open(loop::Loop& loop, DoorOptions options);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// Until then, every request is answered 503.  Borrows the backend.
  void serve(Backend& backend);
  /// New settings for the open door, but for its address: they hold for what comes from now
  /// on.  Who may not be there any more is sent away.  With an error nothing has changed.
  Result<void> reconfigure(config::Gateway config);
  /// Ends every session, stream and request; nothing refers to the backend afterwards
  /// but what it was asked to describe, which it may still call back about.
  void leave();

  /// With the actual port.
  const loop::Address& address() const { return server_.address(); }
  Occupancy occupancy() const;
  /// For operators: who is there.
  runtime::Clients clients() const;
  /// In the Prometheus text format.
  std::string metrics() const { return figures_.text(occupancy()); }

 private:
  struct Inside;
  Door(loop::Loop& loop, DoorOptions options);
  void handle(http::Exchange&& exchange);
  void ended(const Visit& visit, int status) noexcept override;

  loop::Loop& loop_;
  DoorOptions options_;
  Figures figures_;
  std::uint64_t last_question_{0};
  std::unique_ptr<Inside> inside_;  ///< what serves; null before and after
  http::Server server_;
};

}  // namespace mcpctl::gateway
