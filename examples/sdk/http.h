// The Streamable HTTP transport on one endpoint: sessions for clients of the legacy era
// (MCP 2025-11-25, transports), none for the modern one (2026-07-28).  Listens on the
// loopback interface only and refuses foreign Host and Origin headers, against DNS
// rebinding.  Owns its sessions and sockets; borrows the server and the loop.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/server.h"
#include "loop/loop.h"
#include "sdk/server.h"

namespace sdk {

struct HttpOptions {
  std::string path{"/mcp"};
  std::size_t max_sessions{1000};              ///< at least 1; beyond, the longest unused one ends
  mcpctl::Duration session_idle{30 * 60'000};  ///< most clients never send the DELETE
};

class HttpEndpoint {
 public:
  HttpEndpoint(Server& server, mcpctl::loop::Loop& loop, HttpOptions options = {});
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  /// Listens on 127.0.0.1; 0 takes a free port.  Gives the port.
  mcpctl::Result<std::uint16_t> listen(std::uint16_t port);

  /// Takes nothing new, ends open streams, lets calls under way finish within `grace`,
  /// then calls `done`.
  void drain(mcpctl::Duration grace, mcpctl::loop::Callback<> done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The usual main(): listens on `port`, says so on stderr, serves until SIGTERM or SIGINT.
/// Gives the exit status.
int serve_http(Server& server, mcpctl::loop::Loop& loop, std::uint16_t port,
               HttpOptions options = {});

}  // namespace sdk
