// Tasks of legacy servers (MCP 2025-11-25) where all servers are offered as one.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "behind.h"
#include "tests/task_server.h"
#include "text.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::runtime::Command;
using supervisor::State;

namespace {

config::Server with_tasks(const std::string& name) {
  config::Server server = scripted(name, task_server);
  server.env = {{"NAME", name}};
  return server;
}

struct TwoServers {
  TwoServers() : TwoServers(with_tasks("a"), with_tasks("b")) {}
  TwoServers(config::Server first, config::Server second)
      : behind{{std::move(first), std::move(second)}} {
    behind.start("a");
    REQUIRE(behind.fleet.until_state("b", State::ready));
  }

  std::unique_ptr<Asked> asks(Client& client, const std::string& method,
                              const std::string& params = "{}") {
    auto asked = client.asks(R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":)" +
                             params + '}');
    CHECK(behind.fleet.until([&] { return asked->response.has_value(); }, Duration{8'000}));
    return asked;
  }
  /// About one task.
  std::string says(Client& client, const std::string& method, const std::string& task) {
    return asks(client, method, R"({"taskId":")" + task + R"("})")->response.value_or("");
  }
  std::string makes(Client& client, const std::string& tool) {
    return asks(client, "tools/call", R"({"name":")" + tool + R"(","task":{}})")
        ->response.value_or("");
  }
  std::string lists(Client& client) { return asks(client, "tasks/list")->response.value_or(""); }
  void hears(const Client& client, const std::string& part) {
    CHECK(behind.fleet.until([&] {
      return std::ranges::any_of(client.messages,
                                 [&](const std::string& text) { return holds(text, part); });
    }));
  }

  Behind behind;
};

const std::string unknown =
    R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"unknown task"}})";

std::string result(const std::string& members) {
  return R"({"jsonrpc":"2.0","id":7,"result":{)" + members + "}}";
}

std::string one(const std::string& server, const std::string& task, const std::string& status) {
  return R"("taskId":")" + task + R"(","status":")" + status + R"(","statusMessage":"of )" +
         server + '"';
}

}  // namespace

TEST_CASE("two servers' tasks of the same id are two tasks for a client of both") {
  TwoServers t;
  Client client{*t.behind.upstreams, ""};

  CHECK(t.makes(client, "a__work") == result("\"task\":{" + one("a", "a__t-1", "working") + '}'));
  CHECK(t.makes(client, "b__work") == result("\"task\":{" + one("b", "b__t-1", "working") + '}'));

  CHECK(t.says(client, "tasks/get", "a__t-1") == result(one("a", "a__t-1", "working")));
  CHECK(t.says(client, "tasks/cancel", "b__t-1") == result(one("b", "b__t-1", "cancelled")));
  CHECK(t.says(client, "tasks/result", "b__t-1") ==
        result(R"("content":[{"type":"text","text":"t-1 of b"}],)"
               R"("_meta":{"io.modelcontextprotocol/related-task":{"taskId":"b__t-1"}})"));
  CHECK(t.lists(client) == result("\"tasks\":[{" + one("a", "a__t-1", "working") + "},{" +
                                  one("b", "b__t-1", "working") + "}]"));
  const std::string related =
      R"(,"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"a__t-1"}}})";
  t.hears(client, one("a", "a__t-1", "working") + related);
  t.behind.fleet.stop_and_check();
}

TEST_CASE("of two clients of all servers, each sees its own tasks only") {
  TwoServers t;
  Client first{*t.behind.upstreams, ""};
  Client second{*t.behind.upstreams, ""};
  t.makes(first, "a__work");
  CHECK(t.makes(second, "a__work") == result("\"task\":{" + one("a", "a__t-2", "working") + '}'));

  for (const std::string method : {"tasks/get", "tasks/result", "tasks/cancel"}) {
    CAPTURE(method);
    CHECK(t.says(second, method, "a__t-1") == unknown);
    CHECK(t.says(second, method, "b__t-1") == unknown);
    CHECK(t.says(second, method, "t-2") == unknown);
  }
  CHECK(t.lists(first) == result("\"tasks\":[{" + one("a", "a__t-1", "working") + "}]"));
  CHECK(t.lists(second) == result("\"tasks\":[{" + one("a", "a__t-2", "working") + "}]"));
  t.hears(second, "a__t-2");
  t.hears(first, "a__t-1");
  for (const std::string& text : first.messages) CHECK_FALSE(holds(text, "a__t-2"));
  t.behind.fleet.stop_and_check();
}

TEST_CASE("a server that hangs or is gone takes no other server's tasks from the list") {
  TwoServers t;
  Client client{*t.behind.upstreams, ""};
  Client other{*t.behind.upstreams, ""};
  t.makes(client, "a__work");
  t.makes(client, "b__work");
  t.makes(other, "b__work");
  const std::string own = "\"tasks\":[{" + one("b", "b__t-1", "working") + "}]";

  SUBCASE("hangs") {
    const int hanging = t.behind.pid("a");
    REQUIRE(::kill(hanging, SIGSTOP) == 0);
    CHECK(t.says(client, "tasks/get", "b__t-1") == result(one("b", "b__t-1", "working")));
    CHECK(t.lists(other) == result("\"tasks\":[{" + one("b", "b__t-2", "working") + "}]"));
    CHECK(t.lists(client) ==
          result(own + R"(,"_meta":{"mcpctl/missing":{"a":"it has not answered yet"}})"));
    ::kill(hanging, SIGCONT);
  }
  SUBCASE("is gone") {
    REQUIRE(t.behind.fleet.supervisor().command(Command::stop, "a").has_value());
    REQUIRE(t.behind.fleet.until_state("a", State::stopped));
    const std::string list = t.lists(client);
    CHECK(holds(list, own));
    CHECK(holds(list, R"("mcpctl/missing":{"a":)"));
    CHECK(holds(t.says(client, "tasks/get", "a__t-1"), "-32000"));
  }
  t.behind.fleet.stop_and_check();
}

TEST_CASE("tasks of a session's own process are had together with the others'") {
  config::Server personal = with_tasks("a");
  personal.sharing = config::Sharing::session;
  TwoServers t{personal, with_tasks("b")};
  Client first{*t.behind.upstreams, ""};
  Client second{*t.behind.upstreams, ""};

  const std::string made = result("\"task\":{" + one("a", "a__t-1", "working") + '}');
  CHECK(t.makes(first, "a__work") == made);
  CHECK(t.says(second, "tasks/get", "a__t-1") == unknown);
  CHECK(t.makes(second, "a__work") == made);  // another process counts anew
  CHECK(t.says(first, "tasks/cancel", "a__t-1") == result(one("a", "a__t-1", "cancelled")));
  t.behind.fleet.stop_and_check();
}

TEST_CASE("a client without tasks has an empty list, and a modern one none") {
  TwoServers t;
  Client client{*t.behind.upstreams, ""};
  Client modern{*t.behind.upstreams, "", mcp::Era::modern};

  CHECK(t.lists(client) == result("\"tasks\":[]"));
  CHECK(holds(t.lists(modern), "-32601"));
  CHECK(holds(t.says(modern, "tasks/result", "a__t-1"), "-32601"));
  CHECK(t.says(modern, "tasks/get", "a__t-1") == unknown);
  t.behind.fleet.stop_and_check();
}
