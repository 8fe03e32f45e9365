// mcpctl check, and what must never be printed by anything.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

TEST_CASE("check prints every error with its place, caret and suggestion, and exits 3") {
  Fleet fleet{Json::object()};
  fleet.write_text(R"({
  "mcpServers": {
    "a": {"command": "a", "x-mcpctl": {"restrat": "always"}},
    "b": {"command": "b", "x-mcpctl": {"stop": {"eof": 5}}},
    "c": {"args": ["x"]},
    "d": {"command": "d", "x-mcpctl": {"dependsOn": {"bb": "ready"}}}
  }
}
)");

  const Outcome check = fleet.control({"check", "-c", fleet.config_file()});

  CAPTURE(check.out);
  CHECK(check.exit_code == 3);
  for (const char* place :
       {"mcp.json:3:40: error: ", "mcp.json:4:", "mcp.json:5:", "mcp.json:6:"}) {
    CAPTURE(place);
    CHECK(check.out.find(place) != std::string::npos);
  }
  CHECK(check.out.find("   3 |     \"a\": {\"command\": \"a\", \"x-mcpctl\": {\"restrat\"") !=
        std::string::npos);
  CHECK(check.out.find("^~~~~~~~~\n") != std::string::npos);
  CHECK(check.out.find("did you mean \"restart\"?") != std::string::npos);
  CHECK(check.out.find("4 errors") != std::string::npos);
}

TEST_CASE("run refuses what check refuses, with the same words, and starts nothing") {
  Fleet fleet{Json{{"good", misbehaving({})}}};
  fleet.servers()["bad"] = {{"command", "x"}, {"x-mcpctl", {{"memroy", "1GiB"}}}};
  fleet.write();

  fleet.start();
  const auto code = fleet.program().wait();

  CHECK(code == 3);
  CHECK(fleet.said("did you mean"));
  fleet.expect_nothing_left();
}

TEST_CASE("check of a good file exits 0 and counts the servers") {
  Fleet fleet{Json{{"a", misbehaving({})}, {"b", misbehaving({})}}};

  const Outcome check = fleet.control({"check", fleet.config_file()});

  CHECK(check.exit_code == 0);
  CHECK(check.out.find("ok, 2 servers") != std::string::npos);
}

TEST_CASE("no output of ours shows a secret, whoever says it") {
  const std::string token = "tok-5e1f3c77d0a9";
  const std::string password = "hunter-of-22-foxes";
  Json ours = quick();
  ours["logs"] = {{"dir", "logs"}};
  Fleet fleet{Json::object(), ours};
  fleet.set_variable("SOME_TOKEN", token);
  Json leaky = misbehaving({"log-line", "--text=my token is " + token + ", is it?"});
  leaky["args"].push_back("--text=my token is ${SOME_TOKEN}, is it?");
  leaky["env"] = {{"API_TOKEN", "${SOME_TOKEN}"}, {"DB_PASSWORD", password}};
  Json crashing = misbehaving({"exit-in-handshake", "log-line", "--text=bad password " + password});
  crashing["env"] = {{"DB_PASSWORD", password}};
  crashing["x-mcpctl"] = {{"crashLoop", {{"failures", 2}, {"retry", "0s"}}}};
  Json absent{{"command", "./no-such-" + password}, {"env", {{"DB_PASSWORD", password}}}};
  Json remote{{"url", "http://user:" + password + "@127.0.0.1:9/mcp?api_key=" + token},
              {"headers", {{"Authorization", "Bearer " + token}}}};
  fleet.servers() =
      Json{{"leaky", leaky}, {"crashing", crashing}, {"absent", absent}, {"remote", remote}};
  fleet.write();
  fleet.start();
  fleet.await_that("leaky", [](const Json& server) {
    return server["state"] == "ready" && !server["stderr_tail"].empty();
  });
  fleet.await("crashing", "failed");
  fleet.await("absent", "failed");
  const std::vector<std::vector<std::string>> commands{
      {"ps"},
      {"ps", "--json"},
      {"check", "-c", fleet.config_file()},
      {"check", "--json", "-c", fleet.config_file()},
      {"config", "-c", fleet.config_file()},
      {"config", "--running"},
      {"logs"},
      {"reload", "--dry-run"},
      {"events", "--past"},
  };

  for (const auto& command : commands) {
    const Outcome outcome = fleet.control(command);
    CAPTURE(command[0]);
    CAPTURE(outcome.err);
    CHECK(outcome.out.find(token) == std::string::npos);
    CHECK(outcome.out.find(password) == std::string::npos);
    CHECK(outcome.err.find(token) == std::string::npos);
    CHECK(outcome.err.find(password) == std::string::npos);
  }
  for (const char* path : {"/api/v1/servers", "/api/v1/servers/remote", "/api/v1/config",
                           "/api/v1/logs", "/api/v1/events?follow=0", "/api/v1/plan", "/metrics"}) {
    const std::string body = fleet.request("GET", path);
    CAPTURE(path);
    CHECK_FALSE(body.empty());
    CHECK(body.find(token) == std::string::npos);
    CHECK(body.find(password) == std::string::npos);
  }
  CHECK(fleet.request("GET", "/api/v1/logs").find("my token is [redacted], is it?") !=
        std::string::npos);
  CHECK(fleet.stop().exit_code == 0);
  const std::string log = read_file(fleet.file("logs/leaky.log"));
  CHECK(log.find("my token is [redacted], is it?") != std::string::npos);
  CHECK(log.find(token) == std::string::npos);
  CHECK(read_file(fleet.file("logs/crashing.log")).find(password) == std::string::npos);
  CHECK_FALSE(fleet.said(token));
  CHECK_FALSE(fleet.said(password));
}
