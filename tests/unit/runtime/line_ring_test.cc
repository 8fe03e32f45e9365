#include "runtime/line_ring.h"

#include <doctest/doctest.h>

#include <string>

using namespace mcpctl::runtime;

namespace {

std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> found;
  for (const Line& line : lines) found.push_back(line.text);
  return found;
}

}  // namespace

TEST_CASE("a ring gives back what was pushed, with time, stream and sequence") {
  LineRing ring{1024};

  ring.push(7, Stream::err, false, "one");
  ring.push(8, Stream::out, true, "two");

  const auto lines = ring.tail(10);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].sequence == 1);
  CHECK(lines[0].unix_ms == 7);
  CHECK(lines[0].stream == Stream::err);
  CHECK_FALSE(lines[0].continued);
  CHECK(lines[1].text == "two");
  CHECK(lines[1].continued);
  CHECK(ring.next_sequence() == 3);
}

TEST_CASE("a full ring forgets its oldest lines and keeps their numbers") {
  LineRing ring{200};

  for (int i = 0; i < 100; ++i) ring.push(0, Stream::err, false, "line " + std::to_string(i));

  const auto lines = ring.tail(1000);
  REQUIRE(lines.size() > 2);
  CHECK(lines.back().text == "line 99");
  CHECK(lines.back().sequence == 100);
  CHECK(lines.front().sequence == 101 - lines.size());
}

TEST_CASE("a block is read as the lines that it holds") {
  LineRing ring{1024};
  ring.push(7, Stream::out, false, "one");

  ring.push(8, Stream::err, false, "two\r\n\nfour");

  CHECK(texts(ring.tail(10)) == std::vector<std::string>{"one", "two", "", "four"});
  CHECK(ring.since(3, 1).at(0).sequence == 3);
  CHECK(ring.since(3, 1).at(0).stream == Stream::err);
  CHECK(texts(ring.tail(2)) == std::vector<std::string>{"", "four"});
  CHECK(ring.next_sequence() == 5);
}

TEST_CASE("of a block larger than the ring the last whole lines are kept, and all counted") {
  LineRing ring{100};
  std::string block = "line 0";
  for (int i = 1; i < 100; ++i) block += "\nline " + std::to_string(i);

  ring.push(0, Stream::err, false, block);

  const auto lines = ring.tail(100);
  REQUIRE(lines.size() > 5);
  CHECK(lines.back().text == "line 99");
  CHECK(lines.back().sequence == 100);
  CHECK(lines.front().text == "line " + std::to_string(100 - lines.size()));
  CHECK(lines.front().sequence == 101 - lines.size());
}

TEST_CASE("lines are counted as they are cut") {
  CHECK(count_lines("") == 1);
  CHECK(count_lines("one") == 1);
  CHECK(count_lines("one\n") == 2);
  CHECK(count_lines(std::string(1000, '\n')) == 1001);
  CHECK(count_lines(std::string(239, 'x') + "\n" + std::string(300, 'y') + "\nz") == 3);
}

TEST_CASE("since() begins where the reader left off") {
  LineRing ring{1024};
  for (const char* text : {"a", "b", "c", "d"}) ring.push(0, Stream::err, false, text);

  CHECK(texts(ring.since(3, 10)) == std::vector<std::string>{"c", "d"});
  CHECK(texts(ring.since(2, 2)) == std::vector<std::string>{"b", "c"});
  CHECK(ring.since(5, 10).empty());
}

TEST_CASE("a line larger than the ring is counted, not kept") {
  LineRing ring{100};
  ring.push(0, Stream::err, false, "small");

  ring.push(0, Stream::err, false, std::string(200, 'x'));
  ring.push(0, Stream::err, false, "after");

  CHECK(texts(ring.tail(10)) == std::vector<std::string>{"after"});
  CHECK(ring.next_sequence() == 4);
}

TEST_CASE("every wrap of the circle gives back the same bytes") {
  LineRing ring{4096};
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::string text(i % 300, static_cast<char>('a' + i % 26));

    ring.push(static_cast<std::int64_t>(i), Stream::err, false, text);

    const auto last = ring.tail(1);
    REQUIRE(last.size() == 1);
    REQUIRE(last[0].text == text);
  }
}

TEST_CASE("a smaller capacity keeps the newest lines") {
  LineRing ring{4096};
  for (int i = 0; i < 50; ++i) ring.push(0, Stream::err, false, "line " + std::to_string(i));

  ring.set_capacity(100);

  const auto lines = ring.tail(100);
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.size() < 5);
  CHECK(lines.back().text == "line 49");
}
