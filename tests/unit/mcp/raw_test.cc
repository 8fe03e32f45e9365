#include "mcp/raw.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mcpctl::mcp {
namespace {

TEST_CASE("a member is found by its name, whatever stands before it") {
  const std::string_view object = R"( { "a" : {"b":1} , "s":"}\"", "l" : [ 1 , "]" ] , "b":2 } )";
  CHECK(member(object, "a") == R"({"b":1})");
  CHECK(member(object, "s") == R"("}\"")");
  CHECK(member(object, "l") == R"([ 1 , "]" ])");
  CHECK(member(object, "b") == "2");
  CHECK(member(object, "c").empty());
}

TEST_CASE("a quote ends a string unless it is escaped, by an odd number of backslashes") {
  const std::string_view object =
      R"({"":"","even":"\\\\","odd":"\\\"","both":["\\","\"",{"}\\":"\\\\\"]"}],"z":1})";
  CHECK(member(object, "") == R"("")");
  CHECK(member(object, "even") == R"("\\\\")");
  CHECK(member(object, "odd") == R"("\\\"")");
  CHECK(member(object, "both") == R"(["\\","\"",{"}\\":"\\\\\"]"}])");
  CHECK(member(object, "z") == "1");
}

TEST_CASE("what is not an object has no members, what is not an array no elements") {
  for (const std::string_view raw : {"", "1", "\"a\"", "null", "[{\"a\":1}]"}) {
    CHECK(member(raw, "a").empty());
  }
  for (const std::string_view raw : {"", "1", "{\"a\":1}", "[]", "[ ]"}) {
    CHECK_FALSE(RawArray{raw}.next().has_value());
  }
}

TEST_CASE("escapes of a string are resolved") {
  CHECK(string_value(R"("a\"\\\/\b\f\n\r\tz")") == "a\"\\/\b\f\n\r\tz");
  CHECK(string_value(R"("\u0041\u00e9\u20AC")") == "A\xC3\xA9\xE2\x82\xAC");
  CHECK(string_value(R"("\uD83D\uDE00!")") == "\xF0\x9F\x98\x80!");
  CHECK(string_value(R"("")") == "");
  CHECK_FALSE(string_value("12").has_value());
}

TEST_CASE("a string is compared by what it says") {
  CHECK(is_string(R"("tools\/list")", "tools/list"));
  CHECK(is_string(R"("tools/list")", "tools/list"));
  CHECK_FALSE(is_string(R"("tools/lis")", "tools/list"));
  CHECK(is_string(R"("a\\b")", R"(a\b)"));
  CHECK_FALSE(is_string(R"("a\\b")", R"(a\\b)"));
  CHECK_FALSE(is_string(R"("a\b")", R"(a\b)"));
  CHECK_FALSE(is_string("12", "12"));
}

TEST_CASE("only a number written as an integer that fits has a value") {
  CHECK(integer_value("-32601") == -32601);
  CHECK(integer_value("9223372036854775807") == INT64_MAX);
  CHECK_FALSE(integer_value("9223372036854775808").has_value());
  CHECK_FALSE(integer_value("1.0").has_value());
  CHECK_FALSE(integer_value("\"1\"").has_value());
  CHECK_FALSE(integer_value("").has_value());
}

TEST_CASE("text that is no JSON gives wrong answers, but ends") {
  for (const std::string_view text :
       {"{", "{\"", "{\"a", "{\"a\":", "{\"a\\", "[", "[1,", "[,,,", "[{", "[}", "{}}", "[\"\\"}) {
    CAPTURE(text);
    RawArray array{text};
    for (std::size_t i = 0; array.next(); ++i) REQUIRE(i <= text.size());
    RawObject object{text};
    for (std::size_t i = 0; object.next(); ++i) REQUIRE(i <= text.size());
  }
}

}  // namespace
}  // namespace mcpctl::mcp
