#include "control/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace mcpctl;
using namespace mcpctl::control;
using Json = nlohmann::json;

namespace {

runtime::ServerStatus running_server() {
  runtime::ServerStatus status;
  status.name = "weather";
  status.state = supervisor::State::ready;
  status.goal = supervisor::Goal::up;
  status.why_text = "answers";
  status.transport = config::Transport::stdio;
  status.command_line = "npx weather";
  status.pid = 4711;
  status.incarnation = 2;
  status.uptime = Duration{61'000};
  status.restarts = 1;
  status.memory_bytes = 1 << 20;
  status.cpu_ms = 30;
  status.processes = 3;
  status.era = "legacy";
  status.protocol_version = "2025-11-25";
  status.server_name = "Weather";
  status.server_version = "1.2";
  status.tools = {"forecast", "alerts"};
  status.capabilities = R"({"tools": {"listChanged": true}})";
  return status;
}

Json parsed(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  REQUIRE_FALSE(value.is_discarded());
  return value;
}

}  // namespace

TEST_CASE("a server's status has the keys that scripts depend on") {
  const Json json = parsed(to_json(running_server(), true));

  CHECK(json["name"] == "weather");
  CHECK(json["state"] == "ready");
  CHECK(json["goal"] == "up");
  CHECK(json["why"] == "answers");
  CHECK(json["pid"] == 4711);
  CHECK(json["incarnation"] == 2);
  CHECK(json["uptime_ms"] == 61'000);
  CHECK(json["restarts"] == 1);
  CHECK(json["memory_bytes"] == 1 << 20);
  CHECK(json["cpu_ms"] == 30);
  CHECK(json["transport"] == "stdio");
  CHECK(json["era"] == "legacy");
  CHECK(json["protocol_version"] == "2025-11-25");
  CHECK(json["server_info"] == Json{{"name", "Weather"}, {"version", "1.2"}});
  CHECK(json["tools"] == Json{"forecast", "alerts"});
  CHECK(json["capabilities"]["tools"]["listChanged"] == true);
  CHECK(json["stderr_tail"] == Json::array());
}

TEST_CASE("what is unknown is null, never zero") {
  runtime::ServerStatus status = running_server();
  status.pid.reset();
  status.uptime.reset();
  status.protocol_version.clear();
  status.server_name.clear();
  status.server_version.clear();

  const Json json = parsed(to_json(status, true));

  for (const char* key : {"pid", "uptime_ms", "memory_bytes", "cpu_ms", "processes",
                          "protocol_version", "server_info", "last_exit", "next_start_ms"}) {
    CAPTURE(key);
    REQUIRE(json.contains(key));
    CHECK(json[key].is_null());
  }
}

TEST_CASE("usage that was not measured is null") {
  const Json json = parsed(to_json(running_server(), false));

  CHECK(json["memory_bytes"].is_null());
  CHECK(json["cpu_ms"].is_null());
}

TEST_CASE("the last exit tells code or signal, and says it in words") {
  runtime::ServerStatus status = running_server();
  status.last_exit = supervisor::ExitStatus{.code = 78};
  CHECK(parsed(to_json(status, false))["last_exit"]["code"] == 78);
  CHECK(parsed(to_json(status, false))["last_exit"]["signal"].is_null());

  status.last_exit = supervisor::ExitStatus{.signal = 11, .core_dumped = true};
  const Json killed = parsed(to_json(status, false))["last_exit"];
  CHECK(killed["code"].is_null());
  CHECK(killed["signal"] == "SIGSEGV");
  CHECK(killed["text"] == "killed by SIGSEGV (core dumped)");
}

TEST_CASE("whatever bytes a server writes, the answer is valid JSON in UTF-8") {
  runtime::ServerStatus status = running_server();
  status.stderr_tail = {"caf\xe9", std::string{"nul\0", 4}, "\x1b[31m"};

  const Json json = parsed(to_json(status, false));

  CHECK(json["stderr_tail"][0] == "caf\xef\xbf\xbd");
}

TEST_CASE("capabilities that are broken or nested without end are left out") {
  runtime::ServerStatus status = running_server();
  status.capabilities = "{\"a\":";
  CHECK(parsed(to_json(status, false))["capabilities"].is_null());

  status.capabilities = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(parsed(to_json(status, false))["capabilities"].is_null());

  status.capabilities = R"({"brackets in text": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})";
  CHECK(parsed(to_json(status, false))["capabilities"].is_object());
}

TEST_CASE("the fleet lists its servers in order and says whether it is ready") {
  runtime::FleetStatus fleet;
  fleet.fleet = "f";
  fleet.config_files = {"/etc/mcp.json"};
  fleet.servers = {running_server()};

  const Json json = parsed(to_json(fleet, true));

  CHECK(json["fleet"] == "f");
  CHECK(json["ready"] == true);
  CHECK(json["config_stale"] == false);
  CHECK(json["servers"][0]["name"] == "weather");
}

TEST_CASE("times are UTC with milliseconds") {
  CHECK(utc_time(1'700'000'000'042) == "2023-11-14T22:13:20.042Z");
  CHECK(utc_time(-1).empty());
}

TEST_CASE("a problem is told as RFC 9457 wants it, with our suggestion") {
  const Json json =
      parsed(to_json(ProblemDetails{404, "Not Found", "no server \"wether\"", "did you mean …?"}));

  CHECK(json == Json{{"type", "about:blank"},
                     {"title", "Not Found"},
                     {"status", 404},
                     {"detail", "no server \"wether\""},
                     {"suggestion", "did you mean …?"}});
}

TEST_CASE("a plan names what happens to each server and which keys are the reason") {
  const supervisor::Plan plan{{supervisor::Change::Kind::restart, "db", {"args", "env"}, true}};

  const Json json = parsed(to_json(plan));

  CHECK(json["changes"][0]["action"] == "restart");
  CHECK(json["changes"][0]["server"] == "db");
  CHECK(json["changes"][0]["keys"] == Json{"args", "env"});
  CHECK(json["changes"][0]["rolling"] == true);
}

TEST_CASE("sessions of clients are told by the beginning of their id and the name of their token") {
  runtime::Clients clients;
  clients.gateway = "http://127.0.0.1:7420/mcp";
  clients.sessions.push_back({.id = "0a1b2c3d",
                              .server = "math",
                              .client_name = "claude",
                              .client_version = "2.1",
                              .protocol_version = "2025-11-25",
                              .token = "ci",
                              .remote = "10.0.0.7",
                              .age = Duration{5'000},
                              .idle = Duration{40},
                              .in_flight = 2,
                              .streams = 1});
  clients.requests = 3;

  const Json json = parsed(to_json(clients));

  CHECK(json["gateway"] == "http://127.0.0.1:7420/mcp");
  CHECK(json["without_session"] == Json{{"requests", 3}, {"subscriptions", 0}});
  CHECK(json["sessions"][0] == Json{{"id", "0a1b2c3d"},
                                    {"path", "/mcp/math"},
                                    {"server", "math"},
                                    {"client_info", {{"name", "claude"}, {"version", "2.1"}}},
                                    {"protocol_version", "2025-11-25"},
                                    {"token", "ci"},
                                    {"remote", "10.0.0.7"},
                                    {"age_ms", 5000},
                                    {"idle_ms", 40},
                                    {"in_flight", 2},
                                    {"streams", 1}});
}

TEST_CASE("a client that says nothing of itself, at all servers, is nulls and /mcp") {
  runtime::Clients clients;
  clients.sessions.emplace_back();

  const Json json = parsed(to_json(clients));

  CHECK(json["gateway"].is_null());
  CHECK(json["sessions"][0]["path"] == "/mcp");
  for (const char* key : {"server", "client_info", "token", "remote"}) {
    CAPTURE(key);
    CHECK(json["sessions"][0][key].is_null());
  }
}

TEST_CASE("a pong tells what was asked and how long it took") {
  runtime::ServerStatus server = running_server();

  const Json json = parsed(
      to_json(server, runtime::Pong{mcp::Probe::discover, std::chrono::microseconds{3'214}}));

  CHECK(json["server"] == "weather");
  CHECK(json["asked"] == "server/discover");
  CHECK(json["round_trip_ms"] == 3.214);
  CHECK(json["transport"] == "stdio");
}
