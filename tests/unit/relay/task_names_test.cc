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

TEST_CASE("a request that declares the tasks extension can be sent as one that does not") {
  const auto with = [](std::string_view capabilities) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":)"
           R"({"io.modelcontextprotocol/clientCapabilities":)" +
           std::string{capabilities} + "}}}";
  };
  const auto without = [&](std::string_view capabilities) {
    auto request = read_request(with(capabilities));
    REQUIRE(request.has_value());
    return without_task_extension(std::move(*request)).text;
  };
  CHECK(without(R"({"extensions":{"x":1.0,"io.modelcontextprotocol/tasks":{},"y":{}},"z":[]})") ==
        with(R"({"extensions":{"x":1.0,"y":{}},"z":[]})"));
  CHECK(without(R"({"extensions":{"io.modelcontextprotocol\/tasks":{}}})") ==
        with(R"({"extensions":{}})"));
  for (const std::string_view none : {"{}", R"({"extensions":{"x":{}}})", R"({"extensions":7})"}) {
    CHECK(without(none) == with(none));
  }
  const std::string bare = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";
  CHECK(without_task_extension(*read_request(bare)).text == bare);
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
