// Tasks of a legacy server (MCP 2025-11-25): each client's own.
#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

struct TwoTasks {
  Talk talk{Era::legacy};
  Asker first = legacy_client(1);
  Asker second = legacy_client(2);

  TwoTasks() {
    start(first, "t-1", "\"p\"");
    start(second, "t-2", "\"q\"");
  }
  void start(const Asker& client, std::string_view task, std::string_view token) {
    talk.calls(client, "1", "tools/call",
               R"({"name":"a","task":{},"_meta":{"progressToken":)" + std::string{token} + "}}");
    talk.server_answers(R"({"task":{"taskId":")" + std::string{task} + R"(","status":"working"}})");
  }
};

TEST_CASE("a task is known to its owner only") {
  TwoTasks t;
  const std::size_t sent = t.talk.sent.size();
  for (const std::string_view method : {"tasks/get", "tasks/result", "tasks/cancel"}) {
    const CallId foreign = t.talk.calls(t.first, "5", method, R"({"taskId":"t-2"})");
    CHECK(t.talk.answer_to(foreign) ==
          R"({"jsonrpc":"2.0","id":5,"error":{"code":-32602,"message":"unknown task"}})");
    CHECK(t.talk.to_clients.back().is_error);
  }
  CHECK(t.talk.sent.size() == sent);
  t.talk.calls(t.first, "6", "tasks/get", R"({"taskId":"t-1"})");
  CHECK(t.talk.last_sent() == request_text("103", "tasks/get", R"({"taskId":"t-1"})"));
}

TEST_CASE("a task that went with its server's process is told from one that never was") {
  TwoTasks t;
  std::uint64_t id = 0;
  Link next{{.server = server_of(Era::legacy), .take_id = [&id] { return ++id; }},
            t.talk.interests};
  const auto asked = [&](const Asker& client, std::string_view task) {
    static_cast<void>(next.take_outputs());
    next.call(
        {++id + 1000}, client,
        message(request_text("5", "tasks/result", R"({"taskId":")" + std::string{task} + "\"}")));
    auto outputs = next.take_outputs();
    REQUIRE(outputs.size() == 1);
    return std::get<ToClient>(outputs[0]).text;
  };

  CHECK(asked(t.first, "t-1") == R"({"jsonrpc":"2.0","id":5,"error":{"code":-32000,)"
                                 R"("message":"the task went with the process of its server"}})");
  CHECK(asked(t.first, "t-2").find("unknown task") != std::string::npos);
  t.talk.interests.leave(t.first.downstream);
  CHECK(asked(t.first, "t-1").find("unknown task") != std::string::npos);
}

TEST_CASE("the list of tasks has one's own only") {
  TwoTasks t;
  const CallId list = t.talk.calls(t.second, "5", "tasks/list");
  t.talk.server_answers(R"({"tasks":[{"taskId":"t-1","n":1.0},{"taskId":"t-2","n":2.0}],"x":[]})");
  CHECK(t.talk.answer_to(list) == result_text(5, R"({"tasks":[{"taskId":"t-2","n":2.0}],"x":[]})"));
}

TEST_CASE("status and progress of a task reach its owner, until it ends") {
  TwoTasks t;
  const auto progress = [](std::string_view token) {
    return notification_text("notifications/progress",
                             R"({"progressToken":)" + std::string{token} + R"(,"progress":1})");
  };
  const std::string done =
      notification_text("notifications/tasks/status", R"({"taskId":"t-2","status":"completed"})");
  t.talk.server_says(progress("102"));
  t.talk.server_says(done);
  t.talk.server_says(progress("102"));
  CHECK(t.talk.got({}) == Texts{progress("\"q\""), done});
  CHECK(t.talk.to_clients.back().downstream == t.second.downstream);
}

TEST_CASE("a task named twice stays its first owner's, and the eldest are forgotten") {
  TaskOwners tasks;
  tasks.add("t", {1}, 10, "\"p\"");
  tasks.add("t", {2}, 11, "\"q\"");
  CHECK(tasks.owner("t") == DownstreamId{1});
  for (std::size_t i = 0; i < TaskOwners::capacity; ++i) tasks.add(std::to_string(i), {3}, i, "");
  CHECK_FALSE(tasks.owner("t"));
}

}  // namespace
}  // namespace mcpctl::relay
