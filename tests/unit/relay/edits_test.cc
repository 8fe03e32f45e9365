#include "relay/edits.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

namespace mcpctl::relay {
namespace {

mcp::Span place(std::string_view text, std::string_view part) {
  return {text.find(part), part.size()};
}

TEST_CASE("edits are made in the order of the text, in whatever order they are noted") {
  const std::string_view text = R"({"a":1, "b" : 2})";
  CHECK(Edits{text}.replace(place(text, "2"), "two").replace(place(text, "1"), "one").apply() ==
        R"({"a":one, "b" : two})");
}

TEST_CASE("members are put in front of those that an object has, without a stray comma") {
  const auto prepended = [](std::string_view text) {
    return Edits{text}.prepend({0, text.size()}, R"("new":1)").apply();
  };
  CHECK(prepended(R"({"a":2})") == R"({"new":1,"a":2})");
  CHECK(prepended("{}") == R"({"new":1})");
  CHECK(prepended("{ \t}") == "{\"new\":1 \t}");
}

TEST_CASE("a member goes with the comma beside it, however it is written") {
  const auto without = [](std::string_view text, std::string_view value) {
    return Edits{text}.remove({text.find(value), value.size()}).apply();
  };
  CHECK(without(R"({"a":1,"task":{},"b":2})", "{}") == R"({"a":1,"b":2})");
  CHECK(without(R"({"task":{},"b":2})", "{}") == R"({"b":2})");
  CHECK(without("{ \"task\" :\n{} , \"b\":2}", "{}") == R"({  "b":2})");
  CHECK(without(R"({"a":"x:\",","task" : {}})", "{}") == R"({"a":"x:\","})");
  CHECK(without(R"({"task":{}})", "{}") == "{}");
  CHECK(without(R"({"a":1,"\"t\\":3})", "3") == R"({"a":1})");
}

TEST_CASE("a member is appended before the last brace") {
  CHECK(Edits{"{\"a\":{}} "}.append(",\"b\":1").apply() == "{\"a\":{},\"b\":1} ");
}

TEST_CASE("every number has its digits") {
  CHECK(std::string_view{Digits{0}} == "0");
  CHECK(std::string_view{Digits{std::numeric_limits<std::uint64_t>::max()}} ==
        "18446744073709551615");
}

}  // namespace
}  // namespace mcpctl::relay
