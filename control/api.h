// The operators' API without its wire: one request in, one answer out, never a
// socket.  What takes time (events, logs with follow=1, ping) is the Door's.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "runtime/status.h"
#include "runtime/supervisor.h"

namespace mcpctl::control {

class Api {
 public:
  /// Borrows the supervisor.  `on_shutdown` begins the orderly end of everything.
  /// `more_metrics` is appended to the metrics, `clients` says who is at the clients' door;
  /// both may be empty.
  Api(runtime::Supervisor& supervisor, std::function<void()> on_shutdown,
      std::function<std::string()> more_metrics = {},
      std::function<runtime::Clients()> clients = {});

  http::Response answer(const http::Request& request);

  /// /livez, /readyz and /metrics only: for sockets that anybody may reach.
  http::Response answer_probe(const http::Request& request);

 private:
  using Path = std::vector<std::string>;

  http::Response answer_fleet(const http::Request& request, const Path& path);
  http::Response answer_server(const http::Request& request, const Path& path);
  http::Response version() const;
  Result<void> give(runtime::Command command, const std::string& server,
                    const http::Request& request);
  http::Response command_many(const std::string& verb, const http::Request& request);
  http::Response logs(const http::Request& request, const std::string& server);
  http::Response reload(bool dry_run);
  http::Response readiness();

  runtime::Supervisor& supervisor_;
  std::function<void()> on_shutdown_;
  std::function<std::string()> more_metrics_;
  std::function<runtime::Clients()> clients_;
};

/// 404 for a path that is none of ours.
http::Response unknown_path(const http::Request& request);

/// 404 with the nearest known name, or nothing when the fleet has such a server.
std::optional<http::Response> missing_server(const config::Config& config, const std::string& name);

/// nullopt for a word that is no command.
std::optional<runtime::Command> command_named(std::string_view word);

}  // namespace mcpctl::control
