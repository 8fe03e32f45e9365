// The HTTP/1.1 server on unix and TCP listeners: parses strictly, hands each
// request to one handler, one at a time per connection.  Everything a client can
// make us hold is bounded, everything it can make us wait for has a deadline, and
// without connections nothing wakes up.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "http/exchange.h"
#include "http/parser.h"
#include "loop/address.h"
#include "loop/callback.h"
#include "loop/loop.h"

namespace mcpctl::http {

struct ServerOptions {
  Limits limits;
  std::size_t max_connections{4096};     ///< beyond: 503 and close
  std::size_t connections_per_peer{0};   ///< of one address, beyond: closed; 0: no limit
  std::size_t output_cap{1024 * 1024};   ///< unread bytes of a streamed answer, then drop
  Duration header_timeout{10'000};       ///< from the first byte of a request, or accept
  Duration body_idle_timeout{30'000};    ///< between two bytes of a request's body
  Duration body_total_timeout{120'000};  ///< for the whole body
  Duration keep_alive_timeout{60'000};   ///< between two requests
  Duration write_stall_timeout{30'000};  ///< with bytes queued and none taken
  Duration linger_timeout{2'000};        ///< for the client to read a last answer
  Duration sweep_interval{500};          ///< deadlines are this coarse
};

class Server {
 public:
  using Handler = loop::Callback<Exchange&&>;

  /// `handler` must not throw; it may destroy the server.
  Server(loop::Loop& loop, Handler handler, ServerOptions options = {});
  /// Drops every connection.
  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  /// Errors as of loop::Listener.  `door` comes back as Exchange::door().
  Result<void> listen_unix(std::string path, int door = 0);
  Result<void> listen_tcp(const loop::Address& address, int door = 0);
  /// Where the newest listener listens, with the actual port.
  const loop::Address& address() const noexcept;

  /// Hears, in one clause, why a connection was dropped or refused by us: "gave no
  /// request in time", "reads too slowly: 1048576 bytes wait".  For the log.
  void on_drop(loop::Callback<std::string_view> callback);
  /// Trouble of the listeners (loop::Listener::Callbacks::on_trouble).
  void on_trouble(loop::Callback<Error> callback);

  /// Holds for what is yet to come: connections, requests on them and waits.
  void reconfigure(const ServerOptions& options);

  /// Stops listening, closes idle connections, lets answers under way finish until
  /// `grace` is over, then drops the rest; calls `done` when none is left.
  void drain(Duration grace, loop::Callback<> done);

  std::size_t connections() const noexcept;
  std::uint64_t requests() const noexcept;  ///< since the start

 private:
  friend class Session;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mcpctl::http
