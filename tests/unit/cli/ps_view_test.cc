#include "cli/ps_view.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::cli;

namespace {

FleetView fleet_of_two() {
  const auto fleet = read_fleet(R"json({"fleet": "f", "ready": false, "servers": [
      {"name": "math", "state": "ready", "goal": "up", "why": "answers", "pid": 4711,
       "incarnation": 1, "uptime_ms": 61000, "restarts": 0, "memory_bytes": 1048576,
       "cpu_ms": 30, "protocol_version": "2025-11-25", "tools": ["add", "sub"],
       "stderr_tail": ["fine"]},
      {"name": "db", "state": "backoff", "goal": "up",
       "why": "exit code 1 after 3s; restart in 1s", "pid": null, "incarnation": 3,
       "uptime_ms": null, "restarts": 2, "memory_bytes": null, "cpu_ms": null,
       "protocol_version": null, "tools": [], "survivors": ["pid 77 (node)"],
       "stderr_tail": ["one", "two", "three", "\u001b[31mno such table"]}]
})json");
  REQUIRE(fleet);
  return *fleet;
}

}  // namespace

TEST_CASE("ps shows a line per server, and under one in trouble what it said last") {
  CHECK(render_ps(fleet_of_two(), {}) ==
        "NAME  STATE     PID  UPTIME  RESTARTS   MEM    CPU  PROTOCOL    TOOLS  WHY\n"
        "math  ready    4711   1m01s         0  1.0M  0.03s  2025-11-25      2  answers\n"
        "db    backoff     -       -         2     -      -  -               -  exit code 1 after "
        "3s; restart in 1s\n"
        "  | two\n"
        "  | three\n"
        "  | no such table\n"
        "  ! still alive: pid 77 (node)\n");
}

TEST_CASE("ps fits 80 columns") {
  const std::string text = render_ps(fleet_of_two(), {true, false, 80});

  std::size_t start = 0;
  for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    CHECK(columns(std::string_view{text}.substr(start, end - start)) <= 80);
  }
  CHECK(text.find("RESTARTS") != std::string::npos);
  CHECK(text.find("CPU") == std::string::npos);
}

TEST_CASE("a waiting server names what it waits for") {
  FleetView fleet;
  ServerView server;
  server.name = "app";
  server.state = "waiting";
  server.why = "wanted by the configuration";
  server.waits_for = "redis (starting)";
  fleet.servers.push_back(server);

  CHECK(render_ps(fleet, {}).find("for redis (starting)") != std::string::npos);
}

TEST_CASE("a stale configuration is told below the table") {
  FleetView fleet;
  fleet.config_stale = true;

  CHECK(render_ps(fleet, {}).ends_with("the last reload failed (mcpctl reload).\n"));
}

TEST_CASE("an answer that is no JSON, or of another shape, is an error") {
  CHECK(read_fleet("<html>").error().message ==
        "cannot understand the supervisor's answer: it is no JSON");
  CHECK(read_fleet("{}").error().message ==
        "cannot understand the supervisor's answer: it has no \"servers\"");
}

TEST_CASE("unknown keys and wrong types of a newer supervisor do no harm") {
  const auto fleet = read_fleet(R"({"servers": [{"name": "a", "pid": "x", "novel": {}}]})");

  REQUIRE(fleet);
  CHECK(fleet->servers[0].name == "a");
  CHECK_FALSE(fleet->servers[0].pid);
}
