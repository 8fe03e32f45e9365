#include "config/dump.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "fixture.h"

using namespace mcpctl;
using namespace mcpctl::config;

TEST_CASE("a dump shows effective values in the files' own form") {
  const TestWorld here;

  const Reading reading = here.read(
      R"({"mcpServers": {"a": {"command": "a", "x-mcpctl": {"liveness": {"interval": "1m30s"}}}},
          "x-mcpctl": {"name": "f"}})");

  CHECK(to_json(reading.config) == R"({
  "files": [
    "/srv/app/mcp.json"
  ],
  "mcpServers": {
    "a": {
      "type": "stdio",
      "command": "a",
      "args": [],
      "cwd": "/srv/app",
      "env": {},
      "x-mcpctl": {
        "kind": "mcp",
        "lifecycle": "eager",
        "idleStop": "10m",
        "required": true,
        "restart": "always",
        "backoff": {
          "initial": "500ms",
          "max": "30s"
        },
        "crashLoop": {
          "failures": 8,
          "window": "2m",
          "retry": "5m"
        },
        "successExitCodes": [
          0
        ],
        "noRestartExitCodes": [
          78,
          125,
          126,
          127
        ],
        "readiness": {
          "method": "auto",
          "path": "/",
          "after": "0s",
          "timeout": "1m",
          "timeoutMax": "5m"
        },
        "liveness": {
          "method": "auto",
          "path": "/",
          "interval": "1m30s",
          "timeout": "5s",
          "failures": 3
        },
        "stop": {
          "drain": "5s",
          "eof": "2s",
          "term": "5s",
          "signal": "SIGTERM"
        },
        "inheritEnv": false,
        "share": "shared",
        "maxSessions": 20,
        "maxConcurrentRequests": 0,
        "queueSize": 100,
        "queueTimeout": "30s",
        "requestTimeout": "1m",
        "requestTimeoutMax": "30m",
        "repeatCalls": false,
        "logs": {
          "format": "text",
          "maxSize": "10MiB",
          "keep": 5,
          "ring": "256KiB"
        }
      }
    }
  },
  "x-mcpctl": {
    "name": "f",
    "gateway": {
      "listen": "127.0.0.1:7420",
      "maxBody": "10MiB",
      "maxSessions": 10000,
      "sessionIdle": "30m",
      "maxInFlight": 100,
      "connectionsPerPeer": 0,
      "requestsPerSecond": 0,
      "keepAlive": "25s",
      "accessLog": false
    }
  },
  "disabled": [],
  "unusable": []
})");
}

TEST_CASE("a dump read again is the same fleet") {
  const TestWorld here{{{"TOKEN", "${not-expanded-twice}"}},
                       {{"/home/ann/w/x.env", "Q=1"}, {"/srv/app/x.env", "Q=$${z}"}}};
  std::ifstream in{std::string{MCPCTL_SOURCE_DIR} + "/tests/fuzz/corpus/config/config_all_keys"};
  in.ignore();  // the letter of the fuzz target
  std::stringstream text;
  text << in.rdbuf();
  const Reading first = here.read(text.str());
  REQUIRE(first.problems.empty());
  REQUIRE_FALSE(first.has_errors());
  REQUIRE(first.config.servers.size() == 5);

  const Reading second = here.read(to_json(first.config, false));

  CHECK(second.problems.empty());
  CHECK_FALSE(second.has_errors());
  CHECK(to_json(second.config, false) == to_json(first.config, false));
  REQUIRE(second.config.servers.size() == 5);
  CHECK(second.config.servers[0].env == first.config.servers[0].env);
}

TEST_CASE("a redacted dump holds no secret, even one that JSON escapes") {
  const TestWorld here{{{"TOKEN", "quo\"ted\\secret"}}, {}};

  const Reading reading = here.read(R"({"mcpServers": {
      "a": {"command": "a", "args": ["x${TOKEN}y"], "env": {"KEY": "on", "T": "${TOKEN}"}},
      "b": {"url": "https://joe:hunter2@b.example/", "headers": {"X-A": "abc"}}}})");

  const std::string json = to_json(reading.config);
  CHECK(shown(reading) == "");
  CHECK(json.find("ted") == json.find("ted]"));  // only as the end of "[redacted]"
  CHECK(json.find("secret") == std::string::npos);
  CHECK(json.find("hunter2") == std::string::npos);
  CHECK(json.find("\"abc\"") == std::string::npos);
  CHECK(json.find("\"x[redacted]y\"") != std::string::npos);
  CHECK(json.find("\"KEY\": \"[redacted]\"") != std::string::npos);
}

TEST_CASE("bytes that are no UTF-8 cannot break a dump") {
  const TestWorld here{{{"RAW", "\xff\xfe"}}, {}};

  const Reading reading =
      here.read(R"({"mcpServers": {"a": {"command": "a", "args": ["${RAW}"]}}})");

  CHECK(to_json(reading.config).find("\xef\xbf\xbd\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("a dump names what is disabled and what cannot run") {
  const TestWorld here;

  const Reading reading = here.read(R"({"mcpServers": {
      "off": {"command": "a", "disabled": true}, "lost": {"command": "${NO}"}}})");

  const std::string json = to_json(reading.config);
  CHECK(json.find(R"(  "disabled": [
    "off"
  ],
  "unusable": [
    {
      "server": "lost",
      "why": "variable NO is not set and has no default",
      "where": "/srv/app/mcp.json:2:50"
    }
  ])") != std::string::npos);
}
