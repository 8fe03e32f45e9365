#include "cli/keys.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mcpctl::cli;
using Kind = Key::Kind;

namespace {

std::vector<Kind> kinds(const std::vector<Key>& keys) {
  std::vector<Kind> result;
  for (const Key& key : keys) result.push_back(key.kind);
  return result;
}

std::vector<Kind> kinds(std::string_view bytes) {
  KeyDecoder decoder;
  return kinds(decoder.feed(bytes));
}

}  // namespace

TEST_CASE("characters come as they are, beyond ASCII too") {
  KeyDecoder decoder;
  const auto keys = decoder.feed("jé€😀");

  REQUIRE(keys.size() == 4);
  CHECK(keys[0].is("j"));
  CHECK(keys[1].is("é"));
  CHECK(keys[2].is("€"));
  CHECK(keys[3].is("😀"));
}

TEST_CASE("arrows and their kin are known in both modes of the keypad") {
  CHECK(kinds("\x1b[A\x1b[B\x1bOC\x1bOD") ==
        std::vector{Kind::up, Kind::down, Kind::right, Kind::left});
  CHECK(kinds("\x1b[H\x1b[4~\x1b[5~\x1b[6~") ==
        std::vector{Kind::home, Kind::end, Kind::page_up, Kind::page_down});
  CHECK(kinds("\r\n\x7f\b\t\x03\x0c") == std::vector{Kind::enter, Kind::enter, Kind::backspace,
                                                     Kind::backspace, Kind::tab, Kind::interrupt,
                                                     Kind::redraw});
}

TEST_CASE("a sequence that we do not know is one key that does nothing") {
  CHECK(kinds("\x1b[1;5D\x1b[200~q") == std::vector{Kind::other, Kind::other, Kind::character});
}

TEST_CASE("a sequence in pieces is one key") {
  KeyDecoder decoder;
  CHECK(decoder.feed("\x1b").empty());
  CHECK(decoder.is_undecided());
  CHECK(decoder.feed("[").empty());
  CHECK(kinds(decoder.feed("A")) == std::vector{Kind::up});
  CHECK_FALSE(decoder.is_undecided());

  CHECK(decoder.feed("\xe2\x82").empty());
  CHECK(decoder.feed("\xac")[0].is("€"));
}

TEST_CASE("an escape that nothing follows is the key of that name") {
  KeyDecoder decoder;
  CHECK(decoder.feed("\x1b").empty());
  CHECK(kinds(decoder.settle()) == std::vector{Kind::escape});
  CHECK(decoder.settle().empty());

  CHECK(kinds("\x1bq") == std::vector{Kind::escape, Kind::character});
}

TEST_CASE("an endless sequence is given up, and what breaks one is a key of its own") {
  KeyDecoder decoder;
  for (int i = 0; i < 1000; ++i) decoder.feed("\x1b[" + std::string(100, '1'));
  CHECK(kinds("\x1b[12\rq") == std::vector{Kind::other, Kind::enter, Kind::character});
}

TEST_CASE("bytes that are no UTF-8 are no keys") {
  CHECK(kinds("\xff\xc3q") == std::vector{Kind::character});
}
