// The extension of tasks (MCP 2026-07-28) where all servers are offered as one.
#include <doctest/doctest.h>

#include <algorithm>

#include "behind.h"
#include "relay/task_extension.h"
#include "tests/task_server.h"
#include "text.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using supervisor::State;

namespace {

const std::string knowing{relay::task_extension_alone};

config::Server named(const std::string& name, const std::string& script) {
  config::Server server = scripted(name, script);
  server.env = {{"NAME", name}};
  return server;
}

/// Two servers that have the extension, and one of the tasks before it.
struct ThreeServers {
  ThreeServers()
      : behind{{named("a", extended_task_server), named("b", extended_task_server),
                named("old", task_server)}} {
    behind.start("a");
    REQUIRE(behind.fleet.until_state("b", State::ready));
    REQUIRE(behind.fleet.until_state("old", State::ready));
  }

  /// A modern client, for as long as its one request lasts.
  struct Visitor {
    std::unique_ptr<Client> client;
    std::unique_ptr<Asked> asked;
  };
  Visitor visits(std::uint64_t principal, const std::string& method, const std::string& params,
                 const std::string& target = "", const std::string& capabilities = knowing) {
    relay::Asker asker;
    asker.principal = {principal};
    asker.revision = mcp::newest_modern;
    asker.capabilities = capabilities;
    Visitor visitor;
    visitor.client = std::make_unique<Client>(*behind.upstreams, target, std::move(asker));
    visitor.asked = visitor.client->asks(
        R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":{)" + params +
        R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
        R"("io.modelcontextprotocol/clientCapabilities":)" +
        capabilities + "}}}");
    return visitor;
  }
  std::string asks(std::uint64_t principal, const std::string& method, const std::string& params,
                   const std::string& target = "", const std::string& capabilities = knowing) {
    const Visitor visitor = visits(principal, method, params, target, capabilities);
    CHECK(behind.answered(*visitor.asked));
    return visitor.asked->response.value_or("");
  }
  std::string calls(std::uint64_t principal, const std::string& tool,
                    const std::string& target = "", const std::string& capabilities = knowing) {
    return asks(principal, "tools/call", R"("name":")" + tool + '"', target, capabilities);
  }
  /// About one task.
  std::string says(std::uint64_t principal, const std::string& method, const std::string& task,
                   const std::string& target = "") {
    return asks(principal, method, R"("taskId":")" + task + '"', target);
  }

  Behind behind;
};

const std::string not_there =
    R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"unknown task"}})";

std::string answer_of(const std::string& type, const std::string& members) {
  return R"({"jsonrpc":"2.0","id":7,"result":{"resultType":")" + type + "\"," + members + "}}";
}

std::string told(const std::string& server, const std::string& task, const std::string& status) {
  return R"("taskId":")" + task + R"(","status":")" + status + R"(","statusMessage":"of )" +
         server + R"(","ttlMs":null)";
}

std::string acknowledged(const std::string& task) {
  return answer_of("complete", R"("_meta":{"acknowledged":")" + task + "\"}");
}

}  // namespace

TEST_CASE("a call at /mcp may become a task, which its server knows by its own id") {
  ThreeServers t;

  CHECK(t.calls(0, "a__work") == answer_of("task", told("a", "a__t-1", "working")));
  CHECK(t.calls(0, "b__work") == answer_of("task", told("b", "b__t-1", "working")));

  CHECK(t.says(0, "tasks/get", "a__t-1") == answer_of("complete", told("a", "a__t-1", "working")));
  CHECK(t.says(0, "tasks/get", "b__t-1") == answer_of("complete", told("b", "b__t-1", "working")));
  CHECK(t.says(0, "tasks/update", "b__t-1") == acknowledged("t-1"));
  CHECK(t.says(0, "tasks/cancel", "a__t-1") == acknowledged("t-1"));
  for (const std::string task : {"t-1", "c__t-1", "old__t-1"}) {
    CAPTURE(task);
    CHECK(t.says(0, "tasks/get", task) == not_there);
  }
  t.behind.fleet.stop_and_check();
}

TEST_CASE("a task is had at /mcp and at its server alone, under the name that it has there") {
  ThreeServers t;

  CHECK(t.calls(1, "work", "a") == answer_of("task", told("a", "t-1", "working")));

  CHECK(t.says(1, "tasks/get", "t-1", "a") == answer_of("complete", told("a", "t-1", "working")));
  CHECK(t.says(1, "tasks/get", "a__t-1") == answer_of("complete", told("a", "a__t-1", "working")));
  t.behind.fleet.stop_and_check();
}

TEST_CASE("no principal sees or touches another's task, together or at its server alone") {
  ThreeServers t;
  t.calls(1, "a__work");

  for (const std::string method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    CAPTURE(method);
    CHECK(t.says(2, method, "a__t-1") == not_there);
    CHECK(t.says(2, method, "t-1", "a") == not_there);
    CHECK_FALSE(t.says(1, method, "a__t-1") == not_there);
  }
  const auto foreign =
      t.visits(2, "subscriptions/listen", R"("notifications":{"taskIds":["a__t-1"]})");
  REQUIRE(t.behind.fleet.until([&] { return !foreign.asked->messages.empty(); }));
  CHECK(holds(foreign.asked->messages[0], R"("notifications":{})"));
  t.behind.fleet.stop_and_check();
}

TEST_CASE("news of tasks come at /mcp under the tasks' names") {
  ThreeServers t;
  t.calls(1, "a__work");
  t.calls(1, "b__work");

  const auto listener = t.visits(1, "subscriptions/listen",
                                 R"("notifications":{"taskIds":["a__t-1","b__t-1","t-1"]})");

  const std::vector<std::string>& heard = listener.asked->messages;
  REQUIRE(t.behind.fleet.until([&] { return heard.size() == 3; }));
  CHECK(holds(heard[0], "subscriptions/acknowledged"));
  for (const std::string server : {"a", "b"}) {
    CHECK(std::ranges::any_of(heard, [&](const std::string& text) {
      return holds(text, R"("method":"notifications/tasks")") &&
             holds(text, R"("io.modelcontextprotocol/subscriptionId":7)") &&
             holds(text, told(server, server + "__t-1", "completed"));
    }));
  }
  t.behind.fleet.stop_and_check();
}

TEST_CASE("all servers together announce the extension to modern clients, and to no others") {
  ThreeServers t;
  std::optional<Described> described;
  t.behind.upstreams->describe("", [&](Described what) { described = std::move(what); });
  REQUIRE(t.behind.fleet.until([&] { return described.has_value(); }));
  REQUIRE(described->has_value());

  CHECK(holds(relay::discover_result(**described),
              R"("extensions":{"io.modelcontextprotocol/tasks":{}})"));
  CHECK_FALSE(
      holds(relay::initialize_result(**described, "2025-11-25"), "io.modelcontextprotocol"));
  t.behind.fleet.stop_and_check();
}

TEST_CASE("who has not declared the extension gets a plain answer at /mcp") {
  ThreeServers t;
  const std::string plain = R"("content":[{"type":"text","text":"done"}])";

  CHECK(t.calls(0, "a__work", "", R"({"extensions":{"mine":{}}})") == answer_of("complete", plain));
  Client session{*t.behind.upstreams, "", "", knowing};
  const auto asked = session.calls("7", "a__work", "{}");
  REQUIRE(t.behind.answered(*asked));
  CHECK(asked->holds(plain));
  t.behind.fleet.stop_and_check();
}
