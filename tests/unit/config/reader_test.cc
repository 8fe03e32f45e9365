// What a Config holds after the users' files were read.
#include "config/reader.h"

#include <doctest/doctest.h>

#include "fixture.h"

using namespace mcpctl;
using namespace mcpctl::config;
using namespace std::chrono_literals;

namespace {

Server only_server(const Reading& reading) {
  INFO(shown(reading));
  CHECK(shown(reading) == "");
  REQUIRE(reading.config.servers.size() == 1);
  return reading.config.servers.front();
}

}  // namespace

TEST_CASE("a plain mcpServers file gives stdio servers with all defaults") {
  const TestWorld here{{{"GITHUB_TOKEN", "ghp_secret"}}, {}};

  const Reading reading = here.read(R"({"mcpServers": {"github": {
      "command": "npx", "args": ["-y", "some-server"], "env": {"TOKEN": "${GITHUB_TOKEN}"}}}})");

  const Server server = only_server(reading);
  CHECK(server.name == "github");
  CHECK(server.where.line == 1);
  CHECK(server.where.column == 17);
  CHECK(server.transport == Transport::stdio);
  CHECK(server.kind == Kind::mcp);
  CHECK(server.command == "npx");
  CHECK(server.args == std::vector<std::string>{"-y", "some-server"});
  CHECK(server.cwd == "/srv/app");
  CHECK(server.env == Variables{{"TOKEN", "ghp_secret"}});
  CHECK_FALSE(server.port.has_value());
  CHECK(server.restart == RestartPolicy::always);
  CHECK(server.backoff == Backoff{});
  CHECK(server.readiness == Readiness{});
  CHECK(server.liveness == Liveness{});
  CHECK(server.stop == StopLadder{});
  CHECK(reading.config.gateway.listen == "127.0.0.1:7420");
  CHECK(reading.config.secrets == std::vector<std::string>{"ghp_secret"});
}

TEST_CASE("VS Code's servers key is read, and both keys in one file merge") {
  const TestWorld here;

  const Reading reading = here.read(R"({
    // as the editor writes it
    "inputs": [{"id": "key", "type": "promptString", "password": true}],
    "mcpServers": {"a": {"command": "a"}},
    "servers": {"b": {"type": "stdio", "command": "b", "dev": {"watch": "src"}},},
  })");

  CHECK(shown(reading) == "");
  REQUIRE(reading.config.servers.size() == 2);
  CHECK(reading.config.servers[0].name == "a");
  CHECK(reading.config.servers[1].name == "b");
}

TEST_CASE("command and url decide about the transport, whatever HTTP is called") {
  const TestWorld here;
  for (const char* type : {"", R"("type": "http",)", R"("type": "streamable-http",)",
                           R"("type": "streamableHttp",)", R"("type": "sse",)"}) {
    CAPTURE(type);
    const auto read_one = [&](const std::string& keys) {
      return only_server(here.read("{\"mcpServers\":{\"a\":{" + std::string{type} + keys + "}}}"));
    };

    CHECK(read_one(R"("url": "https://example.com/mcp")").transport == Transport::remote);
    const Server spawned = read_one(R"("command": "w", "url": "http://127.0.0.1:8080/mcp")");
    CHECK(spawned.transport == Transport::http);
    CHECK(spawned.port == 8080);
  }
}

TEST_CASE("${PORT} stays in place, asks for a free port, and is filled in later") {
  const TestWorld here;

  const Server server = only_server(here.read(R"({"mcpServers": {"w": {"command": "w",
      "args": ["--port=${PORT}"], "env": {"P": "${PORT}"}, "url": "http://127.0.0.1:${PORT}/mcp"}}})"));

  CHECK(server.port == 0);
  CHECK(server.url == "http://127.0.0.1:${PORT}/mcp");
  const Server ready = with_port(server, 4711);
  CHECK(ready.args == std::vector<std::string>{"--port=4711"});
  CHECK(ready.env == Variables{{"P", "4711"}});
  CHECK(ready.url == "http://127.0.0.1:4711/mcp");
}

TEST_CASE("every setting of x-mcpctl arrives where it belongs") {
  const TestWorld here;

  const Server server = only_server(here.read(with_settings(R"({
    "kind": "process", "port": 6379, "lifecycle": "lazy", "idleStop": "1m30s", "required": false,
    "restart": "on-failure", "backoff": {"initial": "100ms", "max": "10s", "stable": "2m"},
    "crashLoop": {"failures": 5, "window": "1m", "retry": "0s"},
    "successExitCodes": [0, 3], "noRestartExitCodes": [99],
    "readiness": {"method": "log-line", "pattern": "ready$", "timeout": "10s", "timeoutMax": "20s"},
    "liveness": {"method": "exec", "command": ["check", "it"], "interval": "1s", "timeout": "2s",
                 "failures": 7},
    "stop": {"drain": "0s", "eof": "1s", "term": "3s", "signal": "int"},
    "memory": "512MiB", "pids": 64,
    "rlimits": {"nofile": 4096, "core": "unlimited", "as": {"soft": "1GiB", "hard": "2GiB"}},
    "user": "nobody", "group": "nogroup", "umask": "027", "oomScoreAdj": -500,
    "inheritEnv": ["REDISCLI_AUTH"],
    "logs": {"dir": "log", "format": "json", "maxSize": "1MiB", "keep": 2, "ring": "64k"}})")));

  CHECK(server.kind == Kind::process);
  CHECK(server.port == 6379);
  CHECK(server.startup == Startup::lazy);
  CHECK(server.idle_stop == 90s);
  CHECK_FALSE(server.required);
  CHECK(server.restart == RestartPolicy::on_failure);
  CHECK(server.backoff == Backoff{100ms, 10s, 120s});
  CHECK(server.crash_loop == CrashLoop{5, 60s, 0s});
  CHECK(server.success_exit_codes == std::vector<int>{0, 3});
  CHECK(server.no_restart_exit_codes == std::vector<int>{99});
  CHECK(server.readiness.method == Readiness::Method::log_line);
  CHECK(server.readiness.pattern == "ready$");
  CHECK(server.readiness.timeout == 10s);
  CHECK(server.readiness.timeout_max == 20s);
  CHECK(server.liveness.method == Liveness::Method::exec);
  CHECK(server.liveness.command == std::vector<std::string>{"check", "it"});
  CHECK(server.liveness.interval == 1s);
  CHECK(server.liveness.timeout == 2s);
  CHECK(server.liveness.failures == 7);
  CHECK(server.stop == StopLadder{0s, 1s, 3s, 2});
  CHECK(server.memory == 512u << 20);
  CHECK(server.pids == 64);
  REQUIRE(server.rlimits.size() == 3);
  CHECK(server.rlimits[0] == ResourceLimit{7, "nofile", 4096, 4096});
  CHECK(server.rlimits[1] == ResourceLimit{4, "core", ~0ull, ~0ull});
  CHECK(server.rlimits[2] == ResourceLimit{9, "as", 1ull << 30, 2ull << 30});
  REQUIRE(server.user.has_value());
  CHECK(server.user->uid == 65534);
  CHECK(server.umask == 027);
  CHECK(server.oom_score_adj == -500);
  CHECK(server.inherit_env == InheritEnv{false, {"REDISCLI_AUTH"}});
  CHECK(server.logs == Logs{"/srv/app/log", LogFormat::json, 1u << 20, 2, 64u << 10});
}

TEST_CASE("defaults hold for every server, key by key, and a server's own word wins") {
  const TestWorld here;

  const Reading reading = here.read(R"({
    "mcpServers": {"a": {"command": "a"},
                   "b": {"command": "b",
                         "x-mcpctl": {"liveness": {"interval": "1s"}, "logs": {"keep": 9}}}},
    "x-mcpctl": {"defaults": {"liveness": {"interval": "30s", "failures": 5}},
                 "logs": {"dir": "/var/log/fleet", "format": "json"}}})");

  CHECK(shown(reading) == "");
  const Server& a = reading.config.servers[0];
  const Server& b = reading.config.servers[1];
  CHECK(a.liveness.interval == 30s);
  CHECK(a.liveness.failures == 5);
  CHECK(b.liveness.interval == 1s);
  CHECK(b.liveness.failures == 5);
  CHECK(a.logs.dir == "/var/log/fleet");
  CHECK(b.logs.dir == "/var/log/fleet");
  CHECK(b.logs.format == LogFormat::json);
  CHECK(b.logs.keep == 9);
}

TEST_CASE("the top of x-mcpctl sets the fleet") {
  const TestWorld here;

  const Reading reading = here.read(R"({"mcpServers": {}, "x-mcpctl": {"name": "prod.eu-1",
      "maxConcurrentStarts": 3, "shutdownTimeout": "20s", "gateway": {"listen": "[::1]:9000"}}})");

  CHECK(shown(reading) == "");
  CHECK(reading.config.name == "prod.eu-1");
  CHECK(reading.config.max_concurrent_starts == 3);
  CHECK(reading.config.shutdown_timeout == 20s);
  CHECK(reading.config.gateway.listen == "[::1]:9000");
}

TEST_CASE("the gateway can be switched off") {
  const TestWorld here;

  const Reading reading =
      here.read(R"({"mcpServers": {}, "x-mcpctl": {"gateway": {"listen": "off"}}})");

  CHECK(shown(reading) == "");
  CHECK(reading.config.gateway.listen == "");
}

TEST_CASE("a later file replaces a server whole and merges the top") {
  const TestWorld here;
  const std::vector<Source> sources{
      {"/a/mcp.json",
       R"({"mcpServers": {"x": {"command": "old", "env": {"A": "1"}}, "y": {"command": "y"}},
                          "x-mcpctl": {"name": "one", "maxConcurrentStarts": 2}})"},
      {"/b/mcp.json",
       R"({"servers": {"x": {"command": "new"}}, "x-mcpctl": {"maxConcurrentStarts": 5}})"}};

  const Reading reading = read(sources, here.world());

  CHECK(shown(reading) == "");
  REQUIRE(reading.config.servers.size() == 2);
  CHECK(reading.config.servers[0].command == "new");
  CHECK(reading.config.servers[0].env.empty());
  CHECK(reading.config.servers[0].cwd == "/b");
  CHECK(reading.config.servers[1].cwd == "/a");
  CHECK(reading.config.name == "one");
  CHECK(reading.config.max_concurrent_starts == 5);
  CHECK(reading.config.files == std::vector<std::string>{"/a/mcp.json", "/b/mcp.json"});
}

TEST_CASE("a disabled server is listed, not read") {
  const TestWorld here;

  const Reading reading = here.read(R"({"mcpServers": {
      "a": {"command": "${UNSET}", "disabled": true}, "b": {"url": "x", "enabled": false},
      "c": {"command": "c", "enabled": true, "disabled": false}}})");

  CHECK(shown(reading) == "");
  CHECK(reading.config.disabled == std::vector<std::string>{"a", "b"});
  CHECK(reading.config.servers.size() == 1);
  CHECK(reading.config.unusable.empty());
}

TEST_CASE("an unset variable takes only its own server down, and those that need it") {
  const TestWorld here;

  const Reading reading = here.read(R"({"mcpServers": {
      "a": {"command": "a", "env": {"K": "${NO_SUCH}", "L": "${env:NOR_THIS}"}},
      "b": {"command": "b", "x-mcpctl": {"dependsOn": ["a"]}},
      "c": {"command": "c", "x-mcpctl": {"dependsOn": {"b": "started"}}},
      "d": {"command": "d"}}})");

  CHECK(shown(reading) == "");
  REQUIRE(reading.config.servers.size() == 1);
  CHECK(reading.config.servers[0].name == "d");
  REQUIRE(reading.config.unusable.size() == 3);
  CHECK(reading.config.unusable[0].server == "a");
  CHECK(reading.config.unusable[0].why ==
        "variable NO_SUCH is not set and has no default; "
        "variable NOR_THIS is not set and has no default");
  CHECK(reading.config.unusable[0].where.line == 2);
  CHECK(reading.config.unusable[1].why == "depends on \"a\", which is unusable");
  CHECK(reading.config.unusable[2].why == "depends on \"b\", which is unusable");
}

TEST_CASE("an envFile stands below env, and everything in it is secret") {
  const TestWorld here{{}, {{"/home/ann/.env", "A=from-file\nB=only-file # yes\n"}}};

  const Reading reading = here.read(
      R"({"mcpServers": {"a": {"command": "a", "envFile": "~/.env", "env": {"A": "own"}}}})");

  CHECK(only_server(reading).env == Variables{{"A", "own"}, {"B", "only-file"}});
  CHECK(reading.config.secrets == std::vector<std::string>{"from-file", "only-file"});
}

TEST_CASE("an envFile that cannot be read makes its server unusable") {
  const TestWorld here{{}, {{"/srv/app/bad.env", "A=1\nnonsense\n"}}};

  const Reading reading = here.read(R"({"mcpServers": {
      "a": {"command": "a", "envFile": ".env"}, "b": {"command": "b", "envFile": "./bad.env"}}})");

  CHECK(shown(reading) == "");
  REQUIRE(reading.config.unusable.size() == 2);
  CHECK(reading.config.unusable[0].why == "cannot read envFile /srv/app/.env: no such file");
  CHECK(reading.config.unusable[1].why ==
        "cannot read envFile /srv/app/bad.env: line 2: expected NAME=value");
}

TEST_CASE("paths are seen from the file, home and the working directory") {
  const TestWorld here;
  const auto read_one = [&](const std::string& keys) {
    return only_server(here.read("{\"mcpServers\": {\"a\": {" + keys + "}}}"));
  };

  CHECK(read_one(R"("command": "a", "cwd": "sub/dir")").cwd == "/srv/app/sub/dir");
  CHECK(read_one(R"("command": "a", "cwd": "~/work")").cwd == "/home/ann/work");
  CHECK(read_one(R"("command": "a", "cwd": "${workspaceFolder}/x")").cwd == "/srv/app/x");
  CHECK(read_one(R"("command": "./run", "cwd": "sub")").command == "/srv/app/sub/run");
  CHECK(read_one(R"("command": "bin/run")").command == "/srv/app/bin/run");
  CHECK(read_one(R"("command": "run")").command == "run");
}

TEST_CASE("the workspace of .vscode/mcp.json is the folder above") {
  const TestWorld here;

  const Reading reading = here.read(
      R"({"servers": {"a": {"command": "${workspaceFolder}/run", "args": ["${userHome}"]}}})",
      "/srv/app/.vscode/mcp.json");

  CHECK(only_server(reading).command == "/srv/app/run");
  CHECK(only_server(reading).args == std::vector<std::string>{"/home/ann"});
}

TEST_CASE("an input of VS Code comes from the environment, and is secret") {
  const TestWorld here{{{"MCPCTL_INPUT_api_key", "topsecret"}}, {}};

  const Reading reading = here.read(R"({"servers": {
      "a": {"command": "a", "env": {"X": "${input:api-key}"}},
      "b": {"command": "b", "env": {"X": "${input:other}"}}}})");

  CHECK(shown(reading) == "");
  CHECK(reading.config.servers[0].env == Variables{{"X", "topsecret"}});
  CHECK(reading.config.secrets == std::vector<std::string>{"topsecret"});
  REQUIRE(reading.config.unusable.size() == 1);
  CHECK(
      reading.config.unusable[0].why ==
      "variable MCPCTL_INPUT_other is not set (nobody is here to answer the prompt of ${input:…})");
}

TEST_CASE("env takes numbers and skips null, as VS Code does") {
  const TestWorld here;

  const Server server = only_server(here.read(
      R"({"servers": {"a": {"command": "a", "env": {"N": 8080, "Z": null, "S": "x"}}}})"));

  CHECK(server.env == Variables{{"N", "8080"}, {"S", "x"}});
}

TEST_CASE("a byte order mark, comments and trailing commas do not disturb") {
  const TestWorld here;

  const Server server = only_server(here.read(
      "\xef\xbb\xbf/* head */ {\"mcpServers\": {\"a\": {\"command\": \"a\", // tail\n}, }, }"));

  CHECK(server.command == "a");
}

TEST_CASE("a user by number or by name, and a bare method instead of an object") {
  const TestWorld here;

  const Server server = only_server(
      here.read(with_settings(R"({"user": 65534, "readiness": "alive", "liveness": "none"})")));

  CHECK(server.user->uid == 65534);
  CHECK(server.readiness.method == Readiness::Method::alive);
  CHECK(server.liveness.method == Liveness::Method::none);
}

TEST_CASE("a longer start timeout takes timeoutMax along") {
  const TestWorld here;

  const Server server =
      only_server(here.read(with_settings(R"({"readiness": {"timeout": "10m"}})")));

  CHECK(server.readiness.timeout_max == 10min);
}

TEST_CASE("defaults that do not concern a server are left out quietly") {
  const TestWorld here;

  const Reading reading = here.read(R"({"mcpServers": {
      "db": {"command": "db", "x-mcpctl": {"kind": "process"}}, "far": {"url": "https://x.example"}},
      "x-mcpctl": {"defaults": {"liveness": "ping", "readiness": "alive"}}})");

  CHECK(shown(reading) == "");
  CHECK(reading.config.servers[0].liveness.method == Liveness::Method::automatic);
  CHECK(reading.config.servers[1].liveness.method == Liveness::Method::ping);
  CHECK(reading.config.servers[1].readiness.method == Readiness::Method::automatic);
}

TEST_CASE("the fleet's derived name is readable, stable and distinct") {
  const TestWorld here;
  const World world = here.world();

  CHECK(derived_name("/srv/My App/mcp.json", world) ==
        "my-app-" + derived_name("/srv/My App/mcp.json", world).substr(7));
  CHECK(derived_name("/srv/app/.vscode/mcp.json", world).starts_with("app-"));
  CHECK(derived_name("/home/ann/.config/mcpctl/mcp.json", world).starts_with("user-"));
  CHECK(derived_name("/mcp.json", world).starts_with("fleet-"));
  CHECK(derived_name("/a/x.json", world) != derived_name("/a/y.json", world));
}
