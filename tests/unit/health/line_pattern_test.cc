#include "health/line_pattern.h"

#include <doctest/doctest.h>

#include <string>

namespace mcpctl::health {
namespace {

LinePattern compiled(const std::string& expression) {
  auto pattern = LinePattern::compile(expression);
  REQUIRE(pattern.has_value());
  return std::move(*pattern);
}

TEST_CASE("an expression is found anywhere in a line") {
  const LinePattern pattern = compiled("listening on .*:[0-9]+");
  CHECK(pattern.matches("info: listening on 127.0.0.1:8080 (http)"));
  CHECK_FALSE(pattern.matches("listening on nothing"));
  CHECK_FALSE(pattern.matches(""));
}

TEST_CASE("anchors hold the whole line") {
  const LinePattern pattern = compiled("^ready$");
  CHECK(pattern.matches("ready"));
  CHECK_FALSE(pattern.matches("not ready"));
}

TEST_CASE("back-references work") {
  const LinePattern pattern = compiled(R"((\w+) is \1$)");
  CHECK(pattern.matches("ready is ready"));
  CHECK_FALSE(pattern.matches("ready is not"));
}

TEST_CASE("an expression that does not compile is an error that shows it") {
  const auto pattern = LinePattern::compile("ready (");
  REQUIRE_FALSE(pattern.has_value());
  CHECK(pattern.error().message.starts_with("cannot compile expression \"ready (\": "));
}

TEST_CASE("a long line is searched at its start only") {
  const LinePattern pattern = compiled("ready");
  CHECK(pattern.matches("ready" + std::string(1'000'000, 'x')));
  CHECK_FALSE(pattern.matches(std::string(1'000'000, 'x') + "ready"));
}

TEST_CASE("no line makes a match expensive") {
  // Backtracking would try two to the power of the line's length of ways.
  const LinePattern pattern = compiled("(a+)+$");
  CHECK_FALSE(pattern.matches(std::string(60, 'a') + "!"));
  CHECK_FALSE(pattern.matches(std::string(500, 'a') + "!"));
}

}  // namespace
}  // namespace mcpctl::health
