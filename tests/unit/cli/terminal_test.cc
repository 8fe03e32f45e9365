#include "cli/terminal.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace mcpctl::cli;
using namespace std::string_view_literals;

TEST_CASE("width counts characters, not bytes") {
  CHECK(columns("naïve…") == 6);
  CHECK(columns("") == 0);
}

TEST_CASE("a shortened text never ends inside a character") {
  CHECK(shortened("äöüß", 3) == "äö…");
  CHECK(shortened("äöüß", 4) == "äöüß");
  CHECK(shortened("abc", 1) == "…");
  CHECK(shortened("abc", 0).empty());
}

TEST_CASE("escape sequences of a server never reach the terminal") {
  CHECK(safe_line("\x1b[31mred\x1b[0m alert") == "red alert");
  CHECK(safe_line("\x1b]0;owned\atitle") == "title");
  CHECK(safe_line("\x1b]8;;http://x\x1b\\link") == "link");
  CHECK(safe_line("cut off \x1b[31") == "cut off ");
  CHECK(safe_line("\x1b") == "");
}

TEST_CASE("control characters become spaces and a carriage return at the end goes") {
  CHECK(safe_line("a\tb\r") == "a b");
  CHECK(safe_line("a\0b"sv) == "a b");
}

TEST_CASE("bytes that are no UTF-8 are shown as such") {
  CHECK(safe_line("caf\xe9!") == "caf\xef\xbf\xbd!");
}

TEST_CASE("without colours, painting changes nothing") {
  CHECK(painted("x", Tone::red, false) == "x");
  CHECK(painted("x", Tone::red, true) == "\x1b[31mx\x1b[0m");
}
