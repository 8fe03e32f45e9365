#include "mcp/framing.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mcpctl::mcp {
namespace {

struct Seen {
  std::vector<std::string> lines;
  std::vector<std::uint64_t> overlong;
  std::size_t most_buffered{0};
};

void note(Seen& seen, const LineFramer::Frame& frame) {
  if (frame.overlong) {
    seen.overlong.push_back(frame.size);
  } else {
    seen.lines.emplace_back(frame.line);
  }
}

void feed(LineFramer& framer, std::string_view bytes, Seen& seen) {
  framer.feed(bytes);
  while (const auto frame = framer.next()) note(seen, *frame);
  seen.most_buffered = std::max(seen.most_buffered, framer.buffered());
}

Seen read(std::string_view bytes, std::size_t chunk, std::size_t cap = LineFramer::default_cap) {
  LineFramer framer{cap};
  Seen seen;
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    feed(framer, bytes.substr(at, chunk), seen);
  }
  if (const auto frame = framer.finish()) note(seen, *frame);
  return seen;
}

using Lines = std::vector<std::string>;

TEST_CASE("a line ends at its newline, with or without a carriage return") {
  CHECK(read("one\ntwo\r\nthree\n", 1000).lines == Lines{"one", "two", "three"});
}

TEST_CASE("blank lines are left out") {
  CHECK(read("\n\r\n  \t\r\none\n\n\ntwo\n\n", 1000).lines == Lines{"one", "two"});
}

TEST_CASE("however a stream is cut, the lines are the same") {
  const std::string stream = "{\"a\":1}\n\r\nnoise\r\n" + std::string(300, 'x') + "\nlast";
  const Seen whole = read(stream, stream.size(), 200);
  REQUIRE(whole.lines == Lines{"{\"a\":1}", "noise", "last"});
  REQUIRE(whole.overlong == std::vector<std::uint64_t>{300});

  for (std::size_t chunk = 1; chunk < stream.size(); ++chunk) {
    CAPTURE(chunk);
    const Seen pieces = read(stream, chunk, 200);
    CHECK(pieces.lines == whole.lines);
    CHECK(pieces.overlong == whole.overlong);
  }
}

TEST_CASE("a line that lies whole inside the chunk is not copied") {
  const std::string chunk = "first\nsecond\n";
  LineFramer framer;

  framer.feed(chunk);
  const auto first = framer.next();
  const auto second = framer.next();

  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(first->line.data() == chunk.data());
  CHECK(second->line.data() == chunk.data() + 6);
  CHECK(framer.buffered() == 0);
}

TEST_CASE("a line of exactly the cap passes, one byte more is overlong") {
  for (const std::size_t chunk : {1u, 3u, 1000u}) {
    for (const std::string ending : {"\n", "\r\n"}) {
      CAPTURE(chunk);
      CHECK(read("12345678" + ending, chunk, 8).lines == Lines{"12345678"});
      const Seen over = read("123456789" + ending + "ok\n", chunk, 8);
      CHECK(over.lines == Lines{"ok"});
      CHECK(over.overlong.size() == 1);
    }
  }
}

TEST_CASE("a line of 100 MB is skipped to its end, told once, and costs the cap at most") {
  constexpr std::size_t cap = 1u << 20;
  const std::string chunk(64u << 10, 'x');
  LineFramer framer{cap};
  Seen seen;

  for (int i = 0; i < 1600; ++i) feed(framer, chunk, seen);
  CHECK(seen.overlong.empty());
  feed(framer, "\n{}\n", seen);

  CHECK(seen.overlong == std::vector<std::uint64_t>{1600u * (64u << 10)});
  CHECK(seen.lines == Lines{"{}"});
  CHECK(seen.most_buffered <= cap + 1);
}

TEST_CASE("an unfinished last line is handed out when the stream ends") {
  CHECK(read("one\ntwo", 2).lines == Lines{"one", "two"});
  CHECK(read("one\n", 2).lines == Lines{"one"});
}

TEST_CASE("an unfinished overlong line is told when the stream ends") {
  CHECK(read(std::string(50, 'x'), 7, 10).overlong == std::vector<std::uint64_t>{50});
}

TEST_CASE("a framer can be used again after the end of a stream") {
  LineFramer framer{10};
  Seen seen;
  feed(framer, std::string(20, 'x'), seen);
  CHECK(framer.finish().has_value());

  feed(framer, "next\n", seen);

  CHECK(seen.lines == Lines{"next"});
}

TEST_CASE("a message that stands on several lines becomes one line, byte for byte as long") {
  std::string lines = "before\n{\r\n\t\"a\":\n\"\\n\"\r}";
  put_on_one_line(lines, 7);
  CHECK(lines == "before\n{  \t\"a\": \"\\n\" }");
}

TEST_CASE("bytes that are not text pass through unchanged") {
  const std::string binary{"\x00\xFF\x80 \x7F", 5};
  CHECK(read(binary + "\n", 1).lines == Lines{binary});
}

}  // namespace
}  // namespace mcpctl::mcp
