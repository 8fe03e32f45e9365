#include "http/sse.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mcpctl;
using namespace mcpctl::http;

namespace {

std::string parse(std::string_view bytes, std::size_t step) {
  SseParser parser{1000};
  std::vector<SseEvent> events;
  bool readable = true;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    readable = parser.feed(bytes.substr(at, step), events) && readable;
  }
  std::string text;
  for (const SseEvent& event : events) {
    text += "<" + event.id + "|" + event.type + "|" + event.data + ">";
  }
  return text + (readable ? "" : "!");
}

/// The events, which no split of the bytes may change.
std::string parse(std::string_view bytes) {
  const std::string whole = parse(bytes, bytes.size() + 1);
  CHECK(parse(bytes, 1) == whole);
  CHECK(parse(bytes, 2) == whole);
  CHECK(parse(bytes, 3) == whole);
  return whole;
}

}  // namespace

TEST_CASE("events are read as the standard says") {
  CHECK(parse("data: a\n\n") == "<|message|a>");
  CHECK(parse("data:a\n\n") == "<|message|a>");
  CHECK(parse("data:  a\n\n") == "<|message| a>");
  CHECK(parse("data: a\ndata: b\ndata\n\n") == "<|message|a\nb\n>");
  CHECK(parse("data\n\n") == "<|message|>");
  CHECK(parse("event: log\nid: 7\ndata: x\n\ndata: y\n\n") == "<7|log|x><7|message|y>");
  CHECK(parse("id: 7\ndata: x\n\nid\ndata: y\n\n") == "<7|message|x><|message|y>");
  CHECK(parse(": comment\n\n:\ndata: a\n\n") == "<|message|a>");
  CHECK(parse("unknown: x\ndata: a\n\n") == "<|message|a>");
  CHECK(parse("event: log\n\ndata: a\n\n") == "<|message|a>");  // no data: no event, type forgotten
  CHECK(parse("data: cut off") == "");
  CHECK(parse("data: cut off\n") == "");
}

TEST_CASE("all three line ends count, also mixed") {
  CHECK(parse("data: a\r\rdata: b\r\n\r\ndata: c\n\n") == "<|message|a><|message|b><|message|c>");
  CHECK(parse("data: a\r\n\ndata: b\r\n\r") == "<|message|a><|message|b>");
}

TEST_CASE("a byte order mark counts only at the start") {
  CHECK(parse("\xEF\xBB\xBF"
              "data: a\n\n") == "<|message|a>");
  CHECK(parse("data: a\n\n\xEF\xBB\xBF"
              "data: b\n\n") == "<|message|a>");
}

TEST_CASE("an id with NUL and a retry that is no number are ignored") {
  CHECK(parse(std::string("id: a\0b\ndata: x\n\n", 17)) == "<|message|x>");
  SseParser parser;
  std::vector<SseEvent> events;
  REQUIRE(parser.feed("retry: 12x\n", events));
  CHECK_FALSE(parser.retry());
  REQUIRE(parser.feed("retry: 1500\n", events));
  CHECK(parser.retry() == Duration{1500});
}

TEST_CASE("an event, or a line, beyond the cap ends the stream") {
  CHECK(parse("data: a\n\ndata: " + std::string(2000, 'x')) == "<|message|a>!");
  std::string many = "data: ok\n\n";
  for (int i = 0; i < 200; ++i) many += "data: 123456\n";
  CHECK(parse(many + "\n") == "<|message|ok>!");
  CHECK(parse(": " + std::string(2000, 'x') + "\n") == "!");
}

TEST_CASE("what is formatted is parsed back, whatever line ends it holds") {
  CHECK(parse(format_sse("1", "log", "a\nb\r\nc\rd")) == "<1|log|a\nb\nc\nd>");
  CHECK(parse(format_sse("", "", "")) == "<|message|>");
  CHECK(parse(format_sse("1\ndata: evil", "x\r\ny", "z")) == "<1data: evil|xy|z>");
}
