// The extension of tasks (MCP 2026-07-28): who has it, and each principal's own.
#include "relay/task_extension.h"

#include <doctest/doctest.h>

#include "relay/lists.h"
#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

const std::string knowing{task_extension_alone};

ServerProfile extended_server() {
  ServerProfile server = server_of(Era::modern);
  server.capabilities = knowing;
  return server;
}

Asker client_of(std::uint64_t principal, std::uint64_t id, std::string capabilities = knowing) {
  Asker client = modern_client(id, std::move(capabilities));
  client.principal = {principal};
  return client;
}

std::string task(std::string_view id, std::string_view type = "task") {
  return R"({"resultType":")" + std::string{type} + R"(","taskId":")" + std::string{id} +
         R"(","status":"working"})";
}

std::string refusal(int code, std::string_view message) {
  return R"({"jsonrpc":"2.0","id":5,"error":{"code":)" + std::to_string(code) + R"(,"message":")" +
         std::string{message} + "\"}}";
}

std::string about(std::string_view id) { return R"({"taskId":")" + std::string{id} + "\"}"; }

struct Extended {
  Talk talk{Link::Options{.server = extended_server(), .for_http = true}};

  CallId makes(const Asker& client, std::string_view id) {
    const CallId call = talk.calls(client, "1", "tools/call", R"({"name":"a"})");
    talk.server_answers(task(id));
    return call;
  }
};

TEST_CASE("capabilities say whether the extension is known, and can be told without it") {
  CHECK(knows_task_extension(knowing));
  CHECK(knows_task_extension(R"({"extensions":{"io.modelcontextprotocol\/tasks":{}}})"));
  CHECK(without_task_extension(
            R"({"extensions":{"x":1.0,"io.modelcontextprotocol/tasks":{},"y":{}},"z":[]})") ==
        R"({"extensions":{"x":1.0,"y":{}},"z":[]})");
  CHECK(without_task_extension(R"({"extensions":{"io.modelcontextprotocol\/tasks":{}}})") ==
        R"({"extensions":{}})");
  for (const std::string_view none :
       {"", "{}", R"({"tasks":{}})", R"({"extensions":{"x":{}}})", R"({"extensions":7})"}) {
    CAPTURE(none);
    CHECK_FALSE(knows_task_extension(none));
    CHECK(without_task_extension(none) == none);
  }
}

TEST_CASE("asking for a task, or to hear of one, needs the extension") {
  const auto needs = [](std::string_view method, std::string_view params) {
    return needs_task_extension(message(request_text("1", method, params)));
  };
  for (const std::string_view method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    CHECK(needs(method, about("t")));
  }
  CHECK(needs("subscriptions/listen", R"({"notifications":{"taskIds":["t"]}})"));
  CHECK_FALSE(needs("subscriptions/listen", R"({"notifications":{"toolsListChanged":true}})"));
  CHECK_FALSE(needs("tools/call", R"({"name":"a"})"));
  CHECK_FALSE(needs("tasks/result", about("t")));
}

TEST_CASE("all servers together have the extension if a modern one has") {
  const auto together = [](Era era) {
    return joint_profile({{"a", ServerProfile{.era = era, .capabilities = knowing}},
                          {"b", ServerProfile{.era = Era::modern, .capabilities = "{}"}}},
                         "{}")
        .capabilities;
  };
  CHECK(together(Era::modern) == knowing);
  CHECK(together(Era::legacy) == "{}");
}

TEST_CASE("a task is its principal's, whichever of its requests asks") {
  Extended t;
  CHECK(t.talk.answer_to(t.makes(client_of(1, 10), "t")) == result_text(1, task("t")));
  const std::size_t sent = t.talk.sent.size();
  for (const std::string_view method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    const CallId foreign = t.talk.calls(client_of(2, 20), "5", method, about("t"));
    CHECK(t.talk.answer_to(foreign) == refusal(-32602, "unknown task"));
  }
  CHECK(t.talk.sent.size() == sent);

  for (const std::string_view method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    t.talk.calls(client_of(1, 30), "6", method, about("t"));
    CHECK(t.talk.last_sent() == request_text(std::to_string(t.talk.last_id), method, about("t")));
    CHECK(t.talk.to_server.back().headers->method == method);
    CHECK(t.talk.to_server.back().headers->name == "t");
  }
}

TEST_CASE("where clients need no name, a task is had by whoever knows its id") {
  Extended t;
  const CallId call = t.talk.calls(client_of(0, 10), "5", "tasks/get", about("t"));
  t.talk.server_answers(task("t", "complete"));
  CHECK(t.talk.answer_to(call) == result_text(5, task("t", "complete")));
}

TEST_CASE("a task outlives its server's process, and one made anew is the last one's") {
  Extended t;
  t.makes(client_of(1, 10), "t");
  t.talk.server_dies();
  HeldTasks& tasks = t.talk.interests.tasks();
  CHECK(tasks.may_see("t", {1}));
  tasks.add("t", {2});
  CHECK_FALSE(tasks.may_see("t", {1}));
  CHECK(tasks.may_see("t", {2}));
}

TEST_CASE("of many tasks a principal's eldest are forgotten, and nobody else's") {
  HeldTasks tasks;
  tasks.add("t", {1});
  tasks.add("u", {2});
  for (std::size_t i = 0; i < HeldTasks::capacity; ++i) tasks.add(std::to_string(i), {1});
  CHECK_FALSE(tasks.may_see("t", {1}));
  CHECK(tasks.may_see("u", {2}));
}

TEST_CASE("who has not declared the extension gets no task, whatever the server says") {
  Extended t;
  const std::string error =
      R"({"jsonrpc":"2.0","id":5,"error":{"code":-32603,"message":)"
      R"("the server answered with a task, which the client does not know"}})";
  for (const Asker& client :
       {client_of(1, 10, "{}"), legacy_client(20), legacy_client(30, knowing)}) {
    const CallId call = t.talk.calls(client, "5", "tools/call", R"({"name":"a"})");
    t.talk.server_answers(task("t"));
    CHECK(t.talk.answer_to(call) == error);
  }
  CHECK_FALSE(t.talk.interests.tasks().may_see("t", {1}));
}

TEST_CASE("a legacy client neither declares nor is offered the extension, nor asks by it") {
  Extended t;
  t.talk.calls(legacy_client(20, R"({"roots":{},"extensions":{"x":{},)"
                                 R"("io.modelcontextprotocol/tasks":{}}})"),
               "5", "tools/call", R"({"name":"a"})");
  CHECK(t.talk.last_sent().find(
            R"("io.modelcontextprotocol/clientCapabilities":{"roots":{},"extensions":{"x":{}}})") !=
        std::string::npos);
  CHECK(initialize_result(extended_server(), mcp::newest_legacy).find("tasks") ==
        std::string::npos);
  CHECK(discover_result(extended_server()).find(knowing) != std::string::npos);
  const std::size_t sent = t.talk.sent.size();
  for (const std::string_view method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    const CallId call = t.talk.calls(legacy_client(20), "5", method, about("t"));
    CHECK(t.talk.answer_to(call) == refusal(-32601, "method not found"));
  }
  CHECK(t.talk.sent.size() == sent);
}

TEST_CASE("methods of the tasks before the extension are none of a modern server's") {
  Extended t;
  const std::size_t sent = t.talk.sent.size();
  for (const std::string_view method : {"tasks/list", "tasks/result"}) {
    const CallId call = t.talk.calls(client_of(0, 10), "5", method, about("t"));
    CHECK(t.talk.answer_to(call) == refusal(-32601, "method not found"));
  }
  CHECK(t.talk.sent.size() == sent);
}

TEST_CASE("news of a task reaches who listens for it, if it is his") {
  Extended t;
  t.makes(client_of(1, 10), "t");
  const auto listens = [&](const Asker& client) {
    return t.talk.calls(client, R"("l")", "subscriptions/listen",
                        R"({"notifications":{"taskIds":["t","other"]}})");
  };
  const CallId own = listens(client_of(1, 11));
  const CallId foreign = listens(client_of(2, 20));
  const std::string id = std::to_string(t.talk.last_id);
  const std::string subscription = R"("io.modelcontextprotocol/subscriptionId":)";
  // Ours declares what it asks for, and asks for no more than its clients may have.
  CHECK(t.talk.last_sent().find(knowing) != std::string::npos);
  CHECK(t.talk.last_sent().find(R"("notifications":{"taskIds":["t"]})") != std::string::npos);
  t.talk.server_says(notification_text(
      "notifications/subscriptions/acknowledged",
      R"({"_meta":{)" + subscription + id + R"(},"notifications":{"taskIds":["t"]}})"));
  t.talk.server_says(notification_text(
      "notifications/tasks",
      R"({"taskId":"t","status":"completed","_meta":{)" + subscription + id + "}}"));

  const auto acknowledged = [&](std::string_view granted) {
    return notification_text(
        "notifications/subscriptions/acknowledged",
        R"({"_meta":{)" + subscription + R"("l"},"notifications":)" + std::string{granted} + '}');
  };
  CHECK(t.talk.got(own) ==
        Texts{acknowledged(R"({"taskIds":["t"]})"),
              notification_text("notifications/tasks", R"({"taskId":"t","status":"completed",)"
                                                       R"("_meta":{)" +
                                                           subscription + R"("l"}})")});
  CHECK(t.talk.got(foreign) == Texts{acknowledged("{}")});
}

}  // namespace
}  // namespace mcpctl::relay
