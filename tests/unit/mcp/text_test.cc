#include "mcp/text.h"

#include <doctest/doctest.h>

#include <string>

namespace mcpctl::mcp {
namespace {

TEST_CASE("printable text stays as it is") {
  CHECK(printable("weather \xC3\xA9 \xF0\x9F\x98\x80", 100) == "weather \xC3\xA9 \xF0\x9F\x98\x80");
}

TEST_CASE("control characters cannot reach a terminal") {
  CHECK(printable("a\x1B[31mb\nc\x7F\xC2\x9B", 100) == "a [31mb c  ");
}

TEST_CASE("invalid bytes become replacement characters") {
  CHECK(printable("a\xFF"
                  "b\xC3",
                  100) ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
}

TEST_CASE("text is cut between characters, and the cut is shown") {
  CHECK(printable("abcdefgh", 8) == "abcdefgh");
  CHECK(printable("abcdefghi", 8) == "abcde\xE2\x80\xA6");
  CHECK(printable("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 8) == "\xC3\xA9\xC3\xA9\xE2\x80\xA6");
  CHECK(printable("abc", 2).empty());
  for (std::size_t limit = 0; limit < 20; ++limit) {
    CHECK(printable(std::string(50, '\xE2'), limit).size() <= limit);
  }
}

}  // namespace
}  // namespace mcpctl::mcp
