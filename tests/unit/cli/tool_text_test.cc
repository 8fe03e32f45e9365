#include <doctest/doctest.h>

#include "cli/tool_arguments.h"
#include "cli/tool_result.h"

using namespace mcpctl::cli;

TEST_CASE("a value that is JSON is sent as such, any other as a string") {
  const auto arguments = tool_arguments_from_words(
      {"city=Berlin", "days=3", "deep={\"a\":[1]}", "on=true", "half={", "empty=", "eq=a=b"});

  REQUIRE(arguments.has_value());
  CHECK(*arguments ==
        R"({"city":"Berlin","days":3,"deep":{"a":[1]},"on":true,"half":"{","empty":"",)"
        R"("eq":"a=b"})");
}

TEST_CASE("words that are no arguments are named") {
  CHECK(tool_arguments_from_words({"city"}).error().message == "call: \"city\" is no KEY=VALUE");
  CHECK(tool_arguments_from_words({"=x"}).error().message == "call: \"=x\" is no KEY=VALUE");
  CHECK(tool_arguments_from_words({"a=1", "a=2"}).error().message == "call: a is given twice");
}

TEST_CASE("arguments as JSON must be one object") {
  CHECK(*tool_arguments_from_json(" {\"a\": 1} \n") == R"({"a":1})");
  for (const std::string text : {"", "[1]", "{\"a\":1} x", "{\"a\":1},\"b\":{}"}) {
    CAPTURE(text);
    CHECK_FALSE(tool_arguments_from_json(text).has_value());
  }
  CHECK_FALSE(tool_arguments_from_json(std::string(100'000, '[')).has_value());
}

TEST_CASE("a tool's text is shown line by line, and what is no text is named") {
  CHECK(render_tool_result(R"({"content":[{"type":"text","text":"one\ntwo\u001b[2J"},)"
                           R"({"type":"image","mimeType":"image/png","data":"AAAA"},)"
                           R"({"type":"resource","resource":{"uri":"a:b","text":"inside"}},)"
                           R"({"type":"resource_link","uri":"c:d"},{"type":"hologram"}]})") ==
        "one\ntwo\n[image/png, 4 bytes of base64]\ninside\nc:d\n[hologram]\n");
}

TEST_CASE("a result without content shows its structured one") {
  CHECK(render_tool_result(R"({"content":[],"structuredContent":{"sum":5}})") == "{\"sum\":5}\n");
  CHECK(render_tool_result("{}").empty());
}

TEST_CASE("a resource's contents are shown as they are") {
  CHECK(
      render_resource(R"({"contents":[{"uri":"a","text":"x\ny\n"},{"uri":"b","blob":"QUE="}]})") ==
      "x\ny\n[binary, 4 bytes of base64]\n");
}

TEST_CASE("progress and log messages are one line each") {
  CHECK(render_progress(R"({"method":"notifications/progress","params":)"
                        R"({"progress":1,"total":4,"message":"a"}})") == "progress 1/4: a\n");
  CHECK(render_progress(
            R"({"method":"notifications/message","params":{"level":"info","data":"hi"}})") ==
        "info: hi\n");
  CHECK(render_progress(R"({"method":"notifications/other"})").empty());
}
