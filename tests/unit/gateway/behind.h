// A real fleet and the door's side of it, for tests.
#pragma once
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../runtime/fleet_fixture.h"
#include "clients.h"
#include "gateway/upstreams.h"
#include "tests/nobody.h"

namespace mcpctl::gateway::testing {

struct Behind {
  /// `lists`: the file of what lazy servers list, if there is to be one.
  explicit Behind(std::vector<config::Server> servers, std::string lists = {})
      : fleet(std::move(servers), true) {
    Upstreams::Options options;
    options.lists = std::move(lists);
    options.on_trouble = [this](std::string_view what) { troubles.emplace_back(what); };
    upstreams.emplace(fleet.loop(), fleet.supervisor(), std::move(options));
  }
  ~Behind() { upstreams.reset(); }
  Behind(const Behind&) = delete;
  Behind& operator=(const Behind&) = delete;

  void start(std::string_view server) {
    fleet.supervisor().start();
    REQUIRE(fleet.until_state(server, supervisor::State::ready));
  }
  int pid(std::string_view server) {
    return fleet.supervisor().status_of(server, false)->pid.value_or(nobody);
  }
  bool answered(const Asked& asked) {
    return fleet.until([&] { return asked.response.has_value(); });
  }

  std::vector<std::string> troubles;
  runtime::testing::LiveFleet fleet;
  std::optional<Upstreams> upstreams;
};

inline config::Server server(const std::string& name = "mcp") {
  return runtime::testing::misbehaving(name, {});
}

/// An HTTP server of our own, on a port of its own.
inline config::Server weather(const std::string& name) {
  config::Server server;
  server.name = name;
  server.transport = config::Transport::http;
  server.command = MCPCTL_BINARY_DIR "/examples/weather";
  server.port = 0;
  server.url = "http://127.0.0.1:${PORT}/mcp";
  return server;
}

/// A server in a shell.
inline config::Server scripted(const std::string& name, const std::string& script) {
  config::Server server;
  server.name = name;
  server.command = "/bin/sh";
  server.args = {"-c", script};
  return server;
}

}  // namespace mcpctl::gateway::testing
