#include "cli/clients_view.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::cli;

namespace {

constexpr const char* two_sessions = R"({
  "gateway": "http://127.0.0.1:7420/mcp",
  "sessions": [
    {"id": "0a1b2c3d", "path": "/mcp/math", "client_info": {"name": "claude", "version": "2.1"},
     "protocol_version": "2025-11-25", "token": "ci", "remote": "10.0.0.7",
     "age_ms": 192000, "idle_ms": 4000, "in_flight": 2, "streams": 1},
    {"id": "ffffffff", "path": "/mcp", "client_info": null, "novel": true,
     "protocol_version": "2025-06-18", "token": null, "remote": null,
     "age_ms": 1000, "idle_ms": 1000, "in_flight": 0, "streams": 0}],
  "without_session": {"requests": 3, "subscriptions": 1}})";

}  // namespace

TEST_CASE("a pong tells the round trip and how it was had") {
  const auto legacy = read_pong(R"({"server": "weather", "asked": "ping", "round_trip_ms": 3.214,
                                    "protocol_version": "2025-11-25", "transport": "stdio"})");
  const auto modern = read_pong(R"({"server": "math", "asked": "server/discover",
                                    "round_trip_ms": 0.21, "protocol_version": "2026-07-28",
                                    "transport": "http"})");
  REQUIRE(legacy);
  REQUIRE(modern);

  CHECK(render_pong(*legacy, 7) == "weather  pong in 3.2 ms (2025-11-25, stdio)\n");
  CHECK(render_pong(*modern, 7) ==
        "math     pong in 0.21 ms (2026-07-28, http, by server/discover)\n");
  CHECK(render_pong({"a", "ping", 1234.5, "", ""}, 1) == "a  pong in 1234 ms\n");
}

TEST_CASE("an answer without a round trip is no pong") {
  CHECK(read_pong("{}").error().message ==
        "cannot understand the supervisor's answer: it has no \"round_trip_ms\"");
}

TEST_CASE("sessions are a table, and clients without one a line below") {
  const auto clients = read_clients(two_sessions);
  REQUIRE(clients);

  CHECK(render_clients(*clients, {}) ==
        "SESSION   PATH       CLIENT      PROTOCOL    TOKEN  FROM        AGE  IDLE  REQUESTS  "
        "STREAMS\n"
        "0a1b2c3d  /mcp/math  claude 2.1  2025-11-25  ci     10.0.0.7  3m12s    4s         2  "
        "      1\n"
        "ffffffff  /mcp       -           2025-06-18  -      -            1s    1s         0  "
        "      0\n"
        "3 requests and 1 subscription of clients without a session (2026-07-28) under way\n");
}

TEST_CASE("that no client has a session is said in words") {
  ClientsView clients;
  clients.gateway = "http://127.0.0.1:7420/mcp";

  CHECK(render_clients(clients, {}) == "no client has a session at http://127.0.0.1:7420/mcp\n");
  clients.requests = 1;
  CHECK(render_clients(clients, {})
            .ends_with("\n1 request of clients without a session (2026-07-28) under way\n"));
}

TEST_CASE("what a client calls itself cannot paint the terminal") {
  ClientsView clients;
  clients.sessions.push_back({.id = "00000000",
                              .path = "/mcp",
                              .client_name = "\x1b[31mred",
                              .client_version = "",
                              .protocol_version = "",
                              .token = "",
                              .remote = ""});

  CHECK(render_clients(clients, {}).find('\x1b') == std::string::npos);
}
