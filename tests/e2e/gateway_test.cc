// Clients at the door of a running fleet: sockets in, answers of supervised servers out.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "behind_door.h"
#include "tests/task_server.h"

using namespace mcpctl::e2e;

namespace {

const std::string add = R"({"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"add",)"
                        R"("arguments":{"a":2,"b":40}}})";
const std::string modern_add =
    R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"add",)"
    R"("arguments":{"a":2,"b":40},"_meta":{)"
    R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
const std::string modern_fields =
    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: add\r\n";

/// `text` with another name in place of the tool "add".
std::string renamed(std::string text, const std::string& name) {
  for (const std::string quoted : {R"("add")", " add\r\n"}) {
    const std::size_t at = text.find(quoted);
    if (at != std::string::npos) text.replace(at + 1, 3, name);
  }
  return text;
}

}  // namespace

TEST_CASE("clients of both eras call a tool of a supervised server") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.start();
  fleet.await("math", "ready");
  const int port = port_of(fleet);

  const Answer old = post(port, "/mcp/math", add, open_session(port));
  CAPTURE(old.body);
  CHECK(old.status == 200);
  CHECK(holds(old.body, R"("id":"a")"));
  CHECK(holds(old.body, "42"));
  const Answer modern = post(port, "/mcp/math", modern_add, modern_fields);
  CAPTURE(modern.body);
  CHECK(modern.status == 200);
  CHECK(holds(modern.body, R"("id":7)"));
  CHECK(holds(modern.body, "42"));
  CHECK(post(port, "/mcp/nobody", initialize).status == 404);

  const std::string metrics = fleet.request("GET", "/metrics");
  CHECK(holds(metrics, R"(mcp_tool_calls_total{server="math",tool="add",status="ok"} 2)"));
  CHECK(fleet.server("math")["calls"] == 2);
  fleet.stop();
}

TEST_CASE("a client's session outlives its server") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.start();
  fleet.await("math", "ready");
  const int port = port_of(fleet);
  const std::string session = open_session(port);
  REQUIRE(post(port, "/mcp/math", add, session).status == 200);

  const pid_t former = fleet.pid("math");
  ::kill(former, SIGKILL);
  fleet.await_restart("math", former);

  const Answer after = post(port, "/mcp/math", add, session);
  CAPTURE(after.body);
  CHECK(after.status == 200);
  CHECK(holds(after.body, "42"));
  fleet.stop();
}

TEST_CASE("a session's own processes end with it, with the fleet, and with a killed supervisor") {
  // One that does not leave by itself, and has a child that escaped to a session of its own.
  Json personal = misbehaving({"stubborn", "session-child"}, {{"share", "session"}});
  Fleet fleet{Json{{"own", personal}}, with_door()};
  fleet.start();
  fleet.await("own", "ready");
  const int port = port_of(fleet);
  const std::string echo =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo",)"
      R"("arguments":{"text":"mine"}}})";
  const auto open = [&] {
    const std::string session = open_session(port, "/mcp/own");
    const Answer answer = post(port, "/mcp/own", echo, session);
    CAPTURE(answer.body);
    REQUIRE(holds(answer.body, "mine"));
    return session;
  };
  const std::string first = open();
  open();
  CHECK(fleet.state("own~1") == "ready");
  CHECK(fleet.processes_of("own~1").size() == 2);
  CHECK(fleet.processes_of("own~2").size() == 2);

  CHECK(ask(port, "DELETE", "/mcp/own", "", first).status == 204);
  CHECK(eventually([&] { return fleet.processes_of("own~1").empty(); }));
  CHECK(eventually([&] { return fleet.server("own~1").is_null(); }));
  CHECK(fleet.processes_of("own~2").size() == 2);
  open();
  CHECK(fleet.processes_of("own~1").size() == 2);

  SUBCASE("with the fleet") { CHECK(fleet.stop().exit_code == 0); }
  SUBCASE("with a killed supervisor") {
    ::kill(fleet.supervisor(), SIGKILL);
    fleet.expect_nothing_left(1'000ms);
    CHECK(fleet.program().wait() == 137);
  }
}

TEST_CASE("clients find all servers as one, with a name for each tool that says whose it is") {
  Fleet fleet{Json{{"math", math()}, {"more", math()}}, with_door()};
  fleet.start();
  fleet.await_all("ready");
  const int port = port_of(fleet);

  const std::string session = open_session(port, "/mcp");
  const Answer list =
      post(port, "/mcp", R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})", session);
  CAPTURE(list.body);
  CHECK(holds(list.body, R"("name":"math__add")"));
  CHECK(holds(list.body, R"("name":"more__add")"));
  const Answer old = post(port, "/mcp", renamed(add, "more__add"), session);
  CAPTURE(old.body);
  CHECK(old.status == 200);
  CHECK(holds(old.body, R"("id":"a")"));
  CHECK(holds(old.body, "42"));
  const Answer modern =
      post(port, "/mcp", renamed(modern_add, "math__add"), renamed(modern_fields, "math__add"));
  CAPTURE(modern.body);
  CHECK(modern.status == 200);
  CHECK(holds(modern.body, "42"));

  const std::string metrics = fleet.request("GET", "/metrics");
  CHECK(holds(metrics, R"(mcp_tool_calls_total{server="math",tool="add",status="ok"} 1)"));
  CHECK(holds(metrics, R"(mcp_tool_calls_total{server="more",tool="add",status="ok"} 1)"));
  fleet.stop();
}

TEST_CASE(
    "each of two clients with two servers' tasks sees its own, though their ids are the same") {
  const auto with_tasks = [](const std::string& name) {
    return Json{
        {"command", "/bin/sh"}, {"args", {"-c", mcpctl::task_server}}, {"env", {{"NAME", name}}}};
  };
  Json ours = with_door();
  ours["gateway"]["tokens"] = {{{"name", "ann"}, {"tokenEnv", "ANN"}},
                               {{"name", "bob"}, {"tokenEnv", "BOB"}}};
  Fleet fleet{Json{{"a", with_tasks("a")}, {"b", with_tasks("b")}}, ours};
  fleet.set_variable("ANN", "ann-5e1f3c77d0a95e1f");
  fleet.set_variable("BOB", "bob-0c44e1b2aa8f0c44");
  fleet.start();
  fleet.await_all("ready");
  const int port = port_of(fleet);
  struct Person {
    int port;
    std::string token;
    std::string session{};

    std::string asks(const std::string& method, const std::string& params) {
      const std::string body =
          R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + '}';
      return post(port, "/mcp", body, token + session).body;
    }
    std::string starts(const std::string& tool) {
      return asks("tools/call", R"({"name":")" + tool + R"(","task":{}})");
    }
    std::string about(const std::string& method, const std::string& task) {
      return asks(method, R"({"taskId":")" + task + R"("})");
    }
    std::string opens() {
      const Answer answer = post(port, "/mcp", initialize, token);
      session = "Mcp-Session-Id: " + answer.field("Mcp-Session-Id") + "\r\n";
      return answer.body;
    }
  };
  Person ann{port, "Authorization: Bearer ann-5e1f3c77d0a95e1f\r\n"};
  Person bob{port, "Authorization: Bearer bob-0c44e1b2aa8f0c44\r\n"};
  CHECK(holds(ann.opens(), R"("tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}})"));
  bob.opens();

  CHECK(holds(ann.starts("a__work"), R"("taskId":"a__t-1")"));
  CHECK(holds(ann.starts("b__work"), R"("taskId":"b__t-1")"));
  CHECK(holds(bob.starts("b__work"), R"("taskId":"b__t-2")"));

  CHECK(holds(ann.about("tasks/result", "b__t-1"), "t-1 of b"));
  CHECK(holds(bob.about("tasks/get", "b__t-2"), "of b"));
  const std::string foreign = bob.about("tasks/result", "b__t-1");
  CHECK(holds(foreign, "unknown task"));
  CHECK(foreign == bob.about("tasks/result", "b__t-99"));
  const std::string of_ann = ann.asks("tasks/list", "{}");
  CHECK(holds(of_ann, "a__t-1"));
  CHECK(holds(of_ann, "b__t-1"));
  CHECK_FALSE(holds(of_ann, "b__t-2"));
  const std::string of_bob = bob.asks("tasks/list", "{}");
  CHECK(holds(of_bob, "b__t-2"));
  CHECK_FALSE(holds(of_bob, "t-1"));

  Person thief = bob;  // with another's session
  thief.session = ann.session;
  CHECK(holds(thief.about("tasks/get", "a__t-1"), "no such session"));
  fleet.stop();
}

TEST_CASE("two modern clients of two servers together each have their own tasks of both") {
  const auto extended = [](const std::string& name) {
    return Json{{"command", "/bin/sh"},
                {"args", {"-c", mcpctl::extended_task_server}},
                {"env", {{"NAME", name}}}};
  };
  Json ours = with_door();
  ours["gateway"]["tokens"] = {{{"name", "ann"}, {"tokenEnv", "ANN"}},
                               {{"name", "bob"}, {"tokenEnv", "BOB"}}};
  Fleet fleet{Json{{"a", extended("a")}, {"b", extended("b")}}, ours};
  fleet.set_variable("ANN", "ann-5e1f3c77d0a95e1f");
  fleet.set_variable("BOB", "bob-0c44e1b2aa8f0c44");
  fleet.start();
  fleet.await_all("ready");
  const int port = port_of(fleet);
  const std::string ann = "Authorization: Bearer ann-5e1f3c77d0a95e1f\r\n";
  const std::string bob = "Authorization: Bearer bob-0c44e1b2aa8f0c44\r\n";
  const std::string knowing = R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})";
  const auto asks = [&](const std::string& token, const std::string& method,
                        const std::string& params, const std::string& name,
                        const std::string& capabilities) {
    const std::string body = R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{)" +
                             params + (params.empty() ? "" : ",") +
                             R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                             R"("io.modelcontextprotocol/clientCapabilities":)" +
                             capabilities + "}}}";
    std::string fields = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: " + method + "\r\n";
    if (!name.empty()) fields += "Mcp-Name: " + name + "\r\n";
    return post(port, "/mcp", body, token + fields).body;
  };
  const auto starts = [&](const std::string& token, const std::string& tool) {
    return asks(token, "tools/call", R"("name":")" + tool + '"', tool, knowing);
  };
  const auto says = [&](const std::string& token, const std::string& method,
                        const std::string& task) {
    return asks(token, method, R"("taskId":")" + task + '"', task, knowing);
  };

  CHECK(holds(asks(ann, "server/discover", "", "", "{}"), "\"extensions\":{\"io.modelcontext"));
  CHECK(holds(starts(ann, "a__work"), R"("resultType":"task","taskId":"a__t-1")"));
  CHECK(holds(starts(bob, "a__work"), R"("resultType":"task","taskId":"a__t-2")"));
  CHECK(holds(starts(ann, "b__work"), R"("resultType":"task","taskId":"b__t-1")"));
  CHECK(holds(asks(ann, "tools/call", R"("name":"a__work")", "a__work", "{}"), "done"));

  CHECK(holds(says(ann, "tasks/get", "b__t-1"), R"("taskId":"b__t-1","status":"working")"));
  CHECK(holds(says(ann, "tasks/update", "a__t-1"), R"("acknowledged":"t-1")"));
  CHECK(holds(says(bob, "tasks/cancel", "a__t-2"), R"("acknowledged":"t-2")"));
  for (const std::string method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    CAPTURE(method);
    const std::string foreign = says(bob, method, "a__t-1");
    CHECK(holds(foreign, "unknown task"));
    CHECK(foreign == says(bob, method, "a__t-99"));
  }
  fleet.stop();
}

TEST_CASE("a port that is taken is a warning, not the end of the fleet") {
  Fleet first{Json{{"math", math()}}, with_door()};
  first.start();
  first.await("math", "ready");
  const int port = port_of(first);
  Json ours = quick();
  ours["gateway"]["listen"] = "127.0.0.1:" + std::to_string(port);
  Fleet second{Json{{"math", math()}}, ours};

  second.start();
  second.await("math", "ready");

  CHECK(second.said("the servers run without the gateway"));
  CHECK(post(port, "/mcp/math", initialize).status == 200);
  second.stop();
  first.stop();
}

TEST_CASE("strangers are kept out: no token, no listening beyond loopback") {
  Json ours = quick();
  ours["gateway"]["listen"] = "0.0.0.0:0";
  Fleet fleet{Json{{"math", math()}}, ours};

  const Outcome refused = fleet.control({"run", "-c", fleet.config_file()});

  CHECK(refused.exit_code == 3);
  CHECK(holds(refused.err, "set gateway.tokens"));
}
