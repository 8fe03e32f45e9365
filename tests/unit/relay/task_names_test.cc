#include "relay/task_names.h"

#include <doctest/doctest.h>

namespace mcpctl::relay {
namespace {

const TaskNames names{"math"};

std::string answer(const std::string& result) {
  return R"({"jsonrpc":"2.0","id":1,"result":)" + result + '}';
}

TEST_CASE("a task is named after its server wherever an answer names it, and nothing else is") {
  CHECK(names.to_client(answer(R"({"task":{"ttl":1.0,"taskId":"t"},"taskId":"x"})"),
                        TaskAnswer::created) ==
        answer(R"({"task":{"ttl":1.0,"taskId":"math__t"},"taskId":"x"})"));
  CHECK(names.to_client(answer(R"({"status":"working","taskId":"t"})"), TaskAnswer::one) ==
        answer(R"({"status":"working","taskId":"math__t"})"));
  CHECK(names.to_client(answer(R"({"tasks":[{"taskId":"t"},{},{"taskId":"u"}],"nextCursor":"c"})"),
                        TaskAnswer::many) ==
        answer(R"({"tasks":[{"taskId":"math__t"},{},{"taskId":"math__u"}],"nextCursor":"c"})"));
  const std::string payload = answer(R"({"taskId":"t","task":{"taskId":"t"},"tasks":[]})");
  CHECK(names.to_client(payload, TaskAnswer::nothing) == payload);
}

TEST_CASE("what is related to a task says so under the task's name") {
  const auto with_meta = [](std::string_view before, std::string_view id) {
    return std::string{before} +
           R"("_meta":{"progressToken":1,"io.modelcontextprotocol/related-task":{"taskId":")" +
           std::string{id} + R"("}}}})";
  };
  const std::string question =
      R"({"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"taskId":"x",)";
  CHECK(names.to_client(with_meta(question, "t"), TaskAnswer::nothing) ==
        with_meta(question, "math__t"));
  const std::string reply = R"({"jsonrpc":"2.0","id":1,"result":{"action":"accept",)";
  CHECK(names.to_server(with_meta(reply, "math__t")) == with_meta(reply, "t"));
  CHECK(names.to_server(with_meta(reply, "more__t")) == with_meta(reply, "more__t"));
  const std::string status =
      R"({"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":)";
  CHECK(names.to_client(with_meta(status + R"("t",)", "t"), TaskAnswer::nothing) ==
        with_meta(status + R"("math__t",)", "math__t"));
}

TEST_CASE("a request about a task reaches its server with the server's own id") {
  const auto about = [](std::string_view id) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":")" +
           std::string{id} + R"("}})";
  };
  CHECK(names.to_server(about("math__t")) == about("t"));
  CHECK(names.to_server(about("math__a__b")) == about("a__b"));
  CHECK(names.to_server(about(R"(math_\u005f\"q\")")) == about(R"(\"q\")"));
  CHECK(names.to_client(names.to_server(about("math__math__t")), TaskAnswer::nothing) ==
        about("math__math__t"));
}

TEST_CASE("a call's answer names a task where its type says that it is one") {
  const auto typed = [](std::string_view type, std::string_view id) {
    return answer(R"({"resultType":")" + std::string{type} + R"(","taskId":")" + std::string{id} +
                  R"(","ttlMs":1.0})");
  };
  CHECK(names.to_client(typed("task", "t"), TaskAnswer::instead) == typed("task", "math__t"));
  CHECK(names.to_client(typed("complete", "t"), TaskAnswer::instead) == typed("complete", "t"));
}

TEST_CASE("the tasks of which a client wants to hear are renamed both ways, and so is the news") {
  const auto filter = [](std::string_view method, std::string_view tasks) {
    return R"({"jsonrpc":"2.0","id":1,"method":")" + std::string{method} +
           R"(","params":{"notifications":{"taskIds":[)" + std::string{tasks} +
           R"(],"toolsListChanged":true}}})";
  };
  CHECK(names.to_server(filter("subscriptions/listen", R"("math__t", 7,"math__u")")) ==
        filter("subscriptions/listen", R"("t", 7,"u")"));
  CHECK(names.to_client(filter("notifications/subscriptions/acknowledged", R"("t")"),
                        TaskAnswer::nothing) ==
        filter("notifications/subscriptions/acknowledged", R"("math__t")"));
  const std::string news = R"({"jsonrpc":"2.0","method":"notifications/tasks","params":{"taskId":)";
  CHECK(names.to_client(news + R"("t","result":{"taskId":"t"}}})", TaskAnswer::nothing) ==
        news + R"("math__t","result":{"taskId":"t"}}})");
}

TEST_CASE("no two servers' tasks have one name, however the servers are called") {
  const TaskNames odd{"math__more"};
  const TaskNames long_one{std::string(100, 'm')};
  CHECK(names.is_one("math__t"));
  CHECK_FALSE(names.is_one("math"));
  CHECK_FALSE(odd.is_one("math__more__t"));
  CHECK_FALSE(long_one.is_one(std::string(100, 'm') + "__t"));
}

}  // namespace
}  // namespace mcpctl::relay
