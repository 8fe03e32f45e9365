#include "relay/tool_filter.h"

#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

TEST_CASE("a glob stands for what it looks like") {
  CHECK(matches_glob("*", ""));
  CHECK(matches_glob("get_*", "get_weather"));
  CHECK_FALSE(matches_glob("get_*", "forget_it"));
  CHECK(matches_glob("*_*_x", "a_b_c_x"));
  CHECK(matches_glob("a?c", "abc"));
  CHECK_FALSE(matches_glob("a?c", "ac"));
  CHECK_FALSE(matches_glob("abc", "abcd"));
  CHECK(matches_glob("abc**", "abc"));
  CHECK_FALSE(matches_glob("", "a"));
  CHECK(matches_glob("a*b*c", "a--b--b--c"));
  CHECK_FALSE(matches_glob("a*b*c", "a--b--"));
  CHECK_FALSE(matches_glob("math.*", "maths.add"));
  CHECK_FALSE(matches_glob(std::string(200, '*') + "y", std::string(2000, 'x')));
}

TEST_CASE("disabled is stronger than enabled, and nothing enabled means all") {
  CHECK(ToolFilter{}.allows("anything"));
  const ToolFilter some{.enabled = {"read_*"}, .disabled = {"*_secret"}};
  CHECK(some.allows("read_file"));
  CHECK_FALSE(some.allows("write_file"));
  CHECK_FALSE(some.allows("read_secret"));
}

TEST_CASE("a list loses the tools that are not allowed and not another byte") {
  const std::string text =
      R"({"jsonrpc":"2.0", "id":1,"result":{"nextCursor":"\u0041","tools":[{"name":"a","x":1.0},)"
      R"( {"name":"\u0062"},{"title":"c","name":"c"}] ,"ttlMs":0}})";
  const auto envelope = mcp::scan(text);
  REQUIRE(envelope.has_value());
  CHECK(with_tools(text, *envelope, [](std::string_view name) { return name != "b"; }) ==
        R"({"jsonrpc":"2.0", "id":1,"result":{"nextCursor":"\u0041","tools":[{"name":"a","x":1.0},)"
        R"({"title":"c","name":"c"}] ,"ttlMs":0}})");
}

TEST_CASE("a hidden tool is missing in the list, and unknown to whoever calls it") {
  Talk talk{Link::Options{.server = server_of(mcp::Era::legacy),
                          .tools = {.enabled = {}, .disabled = {"rm"}}}};
  const CallId list = talk.calls(legacy_client(1), "1", "tools/list");
  talk.server_answers(R"({"tools":[{"name":"rm"},{"name":"ls"}]})");
  CHECK(talk.answer_to(list) == result_text(1, R"({"tools":[{"name":"ls"}]})"));

  const CallId call = talk.calls(legacy_client(1), "2", "tools/call", R"({"name":"r\u006d"})");
  CHECK(talk.answer_to(call) ==
        R"({"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"unknown tool"}})");
  CHECK(talk.sent.size() == 1);
}

TEST_CASE("what is no list of tools stays as it is") {
  for (const std::string text : {R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}})",
                                 R"({"jsonrpc":"2.0","id":1,"result":{"tools":"none"}})",
                                 R"({"jsonrpc":"2.0","id":1,"result":[]})"}) {
    const auto envelope = mcp::scan(text);
    REQUIRE(envelope.has_value());
    CHECK(with_tools(text, *envelope, [](std::string_view) { return false; }) == text);
  }
}

}  // namespace
}  // namespace mcpctl::relay
