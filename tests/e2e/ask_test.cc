// Servers asked from the shell, and the fleet as a stdio server.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "behind_door.h"

using namespace mcpctl::e2e;

namespace {

/// What a shell says to `line`, in which $MCPCTL is the program.
Outcome typed(const Fleet& fleet, const std::string& line) {
  Launch launch;
  launch.argv = {"/bin/sh", "-c", line};
  launch.cwd = fleet.folder();
  launch.env = plain_environment(fleet.folder());
  launch.env.emplace_back("XDG_RUNTIME_DIR", fleet.file("run"));
  launch.env.emplace_back("MCPCTL", mcpctl_binary);
  return run_to_end(launch);
}

/// Bytes that a process has not read yet.
int waits_in_stdin(pid_t pid) {
  const std::string pipe = "/proc/" + std::to_string(pid) + "/fd/0";
  const int fd = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  int bytes = 0;
  if (fd < 0 || ::ioctl(fd, FIONREAD, &bytes) != 0) bytes = -1;
  ::close(fd);
  return bytes;
}

/// What `mcpctl connect WHERE` answers to `lines`.
Outcome connected(const Fleet& fleet, const std::string& where, const std::string& lines) {
  write_file(fleet.file("lines"), lines);
  return typed(fleet, "cat lines | $MCPCTL connect " + where);
}

}  // namespace

TEST_CASE("tools are listed and called from the shell") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.start();
  fleet.await("math", "ready");

  const Outcome tools = fleet.control({"tools"});
  CAPTURE(tools.err);
  CHECK(tools.exit_code == 0);
  CHECK(holds(tools.out, "math    add"));
  const Outcome prompts = fleet.control({"prompts"});  // it has none: no trouble
  CHECK(prompts.exit_code == 0);
  CHECK(prompts.err.empty());
  const Outcome called = fleet.control({"call", "math.add", "a=19", "b=23"});
  CAPTURE(called.err);
  CHECK(called.exit_code == 0);
  CHECK(holds(called.out, "42"));
  const Outcome wrong = fleet.control({"call", "math.divide", "--args", R"({"a":1,"b":0})"});
  CAPTURE(wrong.out);
  CHECK(wrong.exit_code == 1);
  CHECK(fleet.control({"call", "math"}).exit_code == 2);
  CHECK(holds(fleet.control({"call", "mth.add"}).err, "did you mean \"math\"?"));
  CHECK(holds(fleet.control({"tools", "mth"}).err, "did you mean \"math\"?"));
  fleet.stop();
}

TEST_CASE("the tools of a sleeping server are known after a restart, and its file may be broken") {
  Json lazy = math();
  lazy["x-mcpctl"]["lifecycle"] = "lazy";
  Fleet fleet{Json{{"math", lazy}}, with_door()};
  fleet.start();
  fleet.await("math", "idle");
  CHECK(fleet.control({"call", "math.add", "a=1", "b=2"}).exit_code == 0);
  CHECK(fleet.stop().exit_code == 0);

  fleet.start();
  fleet.await("math", "idle");
  CHECK(holds(fleet.control({"tools"}).out, "math    add"));
  CHECK(fleet.state("math") == "idle");
  CHECK(holds(fleet.control({"call", "math.add", "a=19", "b=23"}).out, "42"));
  CHECK(fleet.stop().exit_code == 0);

  const Outcome broken = typed(fleet, "echo '{' > \"$(find . -name '*.lists.json' | grep .)\"");
  CAPTURE(broken.err);
  REQUIRE(broken.exit_code == 0);
  fleet.start();
  fleet.await("math", "idle");
  fleet.await_words("lazy servers are not known before they run");
  CHECK(holds(fleet.control({"tools"}).out, "math    add"));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a stdio client reaches the fleet through connect") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.start();
  fleet.await("math", "ready");

  const Outcome old = connected(
      fleet, "math",
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
      R"("capabilities":{},"clientInfo":{"name":"t","version":"1"}}})"
      "\n"
      R"({"jsonrpc":"2.0","method":"notifications/initialized"})"
      "\n"
      R"({"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"add",)"
      R"("arguments":{"a":19,"b":23}}})"
      "\n");
  CAPTURE(old.out);
  CAPTURE(old.err);
  CHECK(old.exit_code == 0);
  CHECK(holds(old.out, R"("protocolVersion":"2025-06-18")"));
  CHECK(holds(old.out, R"("id":"x")"));
  CHECK(holds(old.out, "42"));

  const Outcome all =
      connected(fleet, "",
                R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"math__add",)"
                R"("arguments":{"a":20,"b":23},"_meta":{)"
                R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                R"("io.modelcontextprotocol/clientCapabilities":{}}}})"
                "\n");
  CAPTURE(all.out);
  CAPTURE(all.err);
  CHECK(all.exit_code == 0);
  CHECK(holds(all.out, R"("id":7)"));
  CHECK(holds(all.out, "43"));
  fleet.stop();
}

TEST_CASE("connect reads a file as it reads a pipe, and ends with it") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.start();
  fleet.await("math", "ready");
  std::string lines;
  for (int id = 0; id < 20; ++id) {  // more than one read takes
    lines += R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
             R"(,"method":"ping","params":{"_meta":{)"
             R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
             R"("io.modelcontextprotocol/clientCapabilities":{},"padding":")" +
             std::string(8000, 'x') + "\"}}}\n";
  }
  write_file(fleet.file("lines"), lines);

  const Outcome file = typed(fleet, "$MCPCTL connect math <lines");
  CAPTURE(file.err);
  CHECK(file.exit_code == 0);
  CHECK(std::ranges::count(file.out, '\n') == 20);
  const Outcome nothing = typed(fleet, "$MCPCTL connect math </dev/null");
  CHECK(nothing.exit_code == 0);
  CHECK(nothing.out + nothing.err == "");
  const Outcome closed = typed(fleet, "$MCPCTL connect math <&-");
  CHECK(closed.exit_code == 0);
  CHECK(closed.out + closed.err == "");
  const Outcome mistyped = typed(fleet, "$MCPCTL connect mth <lines");
  CHECK(mistyped.exit_code == 1);
  CHECK(mistyped.err == "mcpctl: no server \"mth\" in this fleet; did you mean \"math\"?\n");
  const Outcome folder = typed(fleet, "$MCPCTL connect math <.");
  CHECK(folder.exit_code == 1);
  CHECK(folder.err == "mcpctl: cannot read stdin: Is a directory\n");
  fleet.stop();
}

TEST_CASE("connect --up starts the fleet that is not there, once for all hosts, and leaves it") {
  const std::string greeting =
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
      R"("capabilities":{},"clientInfo":{"name":"t","version":"1"}}})"
      "\n";
  const std::string question =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add",)"
      R"("arguments":{"a":19,"b":23}}})"
      "\n";
  Fleet fleet{Json{{"math", math()}}, with_door()};
  const std::string where = "-c " + fleet.config_file();

  CHECK(connected(fleet, where, greeting).exit_code == 4);  // nobody asked to start it
  write_file(fleet.file("lines"), greeting + question);
  const std::string host = "cat lines | $MCPCTL connect --up --server math " + where;
  const Outcome both =
      typed(fleet, host + " >first & " + host + " >second; wait; cat first second");
  CAPTURE(both.out);
  CAPTURE(both.err);
  CHECK(both.exit_code == 0);
  CHECK(both.err.empty());
  CHECK(std::ranges::count(both.out, '\n') == 4);  // nothing but answers
  CHECK(fleet.state("math") == "ready");
  const pid_t pid = fleet.pid("math");
  CHECK(connected(fleet, "math --up " + where, greeting + question).exit_code == 0);
  CHECK(fleet.pid("math") == pid);

  CHECK(fleet.control({"down", "-c", fleet.config_file()}).exit_code == 0);
  fleet.expect_nothing_left();
}

TEST_CASE("connect --up says why it cannot start a fleet") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  write_file(fleet.file("broken.json"), R"({"mcpServers":{"math":{"comand":"x"}}})");

  const Outcome broken = connected(fleet, "--up -c broken.json", "");
  CAPTURE(broken.err);
  CHECK(broken.exit_code == 4);
  CHECK(holds(broken.err, "mcpctl check"));
  CHECK(broken.out.empty());
  const Outcome missing = connected(fleet, "--up -c nowhere.json", "");
  CHECK(missing.exit_code == 4);
  CHECK(holds(missing.err, "nowhere.json"));
}

TEST_CASE("a host's configuration is printed for the fleet that runs") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.start();
  fleet.await("math", "ready");

  const Json claude = Json::parse(fleet.control({"client-config"}).out);
  CHECK(claude["mcpServers"]["math"]["args"][0] == "connect");
  const Json starting = Json::parse(fleet.control({"client-config", "--up"}).out);
  CHECK(starting["mcpServers"]["math"]["args"] ==
        Json{"connect", "math", "--up", "-c", fleet.config_file()});
  CHECK(fleet.control({"client-config", "cursor", "--up"}).exit_code == 2);
  const Json vscode = Json::parse(fleet.control({"client-config", "vscode"}).out);
  CHECK(holds(vscode["servers"]["math"]["url"], "/mcp/math"));
  fleet.stop();
}

TEST_CASE("ping asks servers of both eras and transports, and says who does not answer") {
  const Json weather{{"command", MCPCTL_BINARY_DIR "/examples/weather"},
                     {"url", "http://127.0.0.1:${PORT}/mcp"},
                     {"env", {{"PORT", "${PORT}"}}},
                     {"x-mcpctl", {{"port", 0}}}};
  Fleet fleet{Json{{"math", math()},
                   {"old", misbehaving({})},
                   {"web", weather},
                   {"side", companion({})},
                   {"deaf", misbehaving({"no-ping"})}},
              quick()};
  fleet.start();
  fleet.await_all("ready");

  const Outcome answered = fleet.control({"ping", "math", "old", "web"});
  CAPTURE(answered.out);
  CAPTURE(answered.err);
  CHECK(answered.exit_code == 0);
  CHECK(holds(answered.out, "math  pong in "));
  CHECK(holds(answered.out, " ms (2026-07-28, stdio, by server/discover)\n"));
  CHECK(holds(answered.out, "old   pong in "));
  CHECK(holds(answered.out, " ms (2025-11-25, stdio)\n"));
  CHECK(holds(answered.out, " ms (2026-07-28, http, by server/discover)\n"));
  const Outcome silent = fleet.control({"ping", "--timeout", "200ms"});
  CHECK(silent.exit_code == 1);
  CHECK(std::ranges::count(silent.out, '\n') == 3);
  CHECK(silent.err == "mcpctl: ping: deaf has not answered within 200ms\n");
  const Json told = Json::parse(fleet.control({"ping", "old", "--json"}).out);
  CHECK(told["asked"] == "ping");
  CHECK(told["round_trip_ms"].get<double>() > 0);
  const Outcome refused = fleet.control({"ping", "deaf", "--timeout", "100ms", "--json"});
  CHECK(refused.exit_code == 1);
  CHECK(Json::parse(refused.out)["error"] == "deaf has not answered within 100ms");
  CHECK(fleet.state("deaf") == "ready");  // nobody is judged by it
  CHECK(holds(fleet.control({"ping", "side"}).err, "side speaks no MCP"));
  CHECK(holds(fleet.control({"ping", "mth"}).err, "did you mean \"math\"?"));
  CHECK(fleet.control({"ping", "math", "--timeout", "soon"}).exit_code == 2);
  fleet.stop();
}

TEST_CASE("ping starts a lazy server that it names, and says of others why they cannot be asked") {
  Json lazy = math();
  lazy["x-mcpctl"]["lifecycle"] = "lazy";
  Fleet fleet{Json{{"lazy", lazy}, {"math", math()}}, quick()};
  fleet.start();
  fleet.await("math", "ready");
  fleet.await("lazy", "idle");

  CHECK(fleet.control({"ping"}).out.starts_with("math  pong in "));
  CHECK(fleet.state("lazy") == "idle");
  const Outcome woken = fleet.control({"ping", "lazy"});
  CAPTURE(woken.err);
  CHECK(woken.exit_code == 0);
  CHECK(holds(woken.out, "lazy  pong in "));
  CHECK(fleet.state("lazy") == "ready");
  REQUIRE(fleet.control({"stop", "math"}).exit_code == 0);
  const Outcome stopped = fleet.control({"ping", "math"});
  CHECK(stopped.exit_code == 1);
  CHECK(stopped.err ==
        "mcpctl: ping: math does not run, it is stopped: stop requested; start it with mcpctl "
        "start math\n");
  fleet.stop();
}

TEST_CASE("ping tells of a server that dies of it") {
  Fleet fleet{Json{{"math", math()}}, quick()};
  fleet.start();
  fleet.await("math", "ready");
  ::kill(fleet.pid("math"), SIGSTOP);  // it hears the question and says nothing

  Launch launch;
  launch.argv = {mcpctl_binary, "ping", "math", "--timeout", "30s"};
  launch.cwd = fleet.folder();
  launch.env = plain_environment(fleet.folder());
  launch.env.emplace_back("XDG_RUNTIME_DIR", fleet.file("run"));
  launch.stdout_file = launch.stderr_file = fleet.file("ping");
  Program ping{launch};
  REQUIRE(eventually([&] { return waits_in_stdin(fleet.pid("math")) > 0; }));
  ::kill(fleet.pid("math"), SIGKILL);

  CHECK(ping.wait() == 1);
  const std::string said = read_file(fleet.file("ping"));
  CAPTURE(said);
  CHECK(holds(said, "mcpctl: ping: math went before it answered, it is "));
  fleet.stop();
}

TEST_CASE("sessions lists the clients at the door by what they may be known by") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.start();
  fleet.await("math", "ready");
  const Outcome none = fleet.control({"sessions"});
  CHECK(none.exit_code == 0);
  CHECK(none.out.starts_with("no client has a session at http://127.0.0.1:"));

  const std::string fields = open_session(port_of(fleet));
  open_session(port_of(fleet), "/mcp");
  const Outcome listed = fleet.control({"sessions"});
  CAPTURE(listed.out);
  CHECK(listed.exit_code == 0);
  CHECK(holds(listed.out, "SESSION   PATH       CLIENT  PROTOCOL"));
  CHECK(holds(listed.out, "/mcp/math  test 1  2025-11-25  -      127.0.0.1"));
  CHECK(std::ranges::count(listed.out, '\n') == 3);

  const Json json = Json::parse(fleet.control({"sessions", "--json"}).out);
  REQUIRE(json["sessions"].size() == 2);
  CHECK(json["sessions"][0]["path"] == "/mcp");
  const std::string id = json["sessions"][1]["id"];
  CHECK(id.size() == 8);
  CHECK(holds(fields, "Mcp-Session-Id: " + id));
  CHECK_FALSE(holds(json.dump(), fields.substr(fields.find(id), 32)));
  CHECK(ask(port_of(fleet), "GET", "/api/v1/sessions", "", "").status == 404);
  fleet.stop();
}

TEST_CASE("a fleet without a door has no sessions to list") {
  Json closed = quick();
  closed["gateway"]["listen"] = "off";
  Fleet fleet{Json{{"math", math()}}, closed};
  fleet.start();
  fleet.await("math", "ready");

  const Outcome refused = fleet.control({"sessions"});
  CHECK(refused.exit_code == 1);
  CHECK(refused.err == "mcpctl: fleet " + fleet.name() + " has no door for MCP clients\n");
  CHECK(fleet.control({"ping", "math"}).exit_code == 0);  // needs none
  fleet.stop();
}
