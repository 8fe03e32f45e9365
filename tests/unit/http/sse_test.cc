#include "http/sse.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mcpctl;
using namespace mcpctl::http;

namespace {

std::string events_of(std::string_view bytes, std::size_t step) {
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
std::string events_of(std::string_view bytes) {
  const std::string whole = events_of(bytes, bytes.size() + 1);
  CHECK(events_of(bytes, 1) == whole);
  CHECK(events_of(bytes, 2) == whole);
  CHECK(events_of(bytes, 3) == whole);
  return whole;
}

}  // namespace

TEST_CASE("events are read as the standard says") {
  CHECK(events_of("data: a\n\n") == "<|message|a>");
  CHECK(events_of("data:a\n\n") == "<|message|a>");
  CHECK(events_of("data:  a\n\n") == "<|message| a>");
  CHECK(events_of("data: a\ndata: b\ndata\n\n") == "<|message|a\nb\n>");
  CHECK(events_of("data\n\n") == "<|message|>");
  CHECK(events_of("event: log\nid: 7\ndata: x\n\ndata: y\n\n") == "<7|log|x><7|message|y>");
  CHECK(events_of("id: 7\ndata: x\n\nid\ndata: y\n\n") == "<7|message|x><|message|y>");
  CHECK(events_of(": comment\n\n:\ndata: a\n\n") == "<|message|a>");
  CHECK(events_of("unknown: x\ndata: a\n\n") == "<|message|a>");
  CHECK(events_of("event: log\n\ndata: a\n\n") ==
        "<|message|a>");  // no data: no event, type forgotten
  CHECK(events_of("data: cut off") == "");
  CHECK(events_of("data: cut off\n") == "");
}

TEST_CASE("all three line ends count, also mixed") {
  CHECK(events_of("data: a\r\rdata: b\r\n\r\ndata: c\n\n") ==
        "<|message|a><|message|b><|message|c>");
  CHECK(events_of("data: a\r\n\ndata: b\r\n\r") == "<|message|a><|message|b>");
}

TEST_CASE("a byte order mark counts only at the start") {
  CHECK(events_of("\xEF\xBB\xBF"
                  "data: a\n\n") == "<|message|a>");
  CHECK(events_of("data: a\n\n\xEF\xBB\xBF"
                  "data: b\n\n") == "<|message|a>");
}

TEST_CASE("an id with NUL and a retry that is no number are ignored") {
  CHECK(events_of(std::string("id: a\0b\ndata: x\n\n", 17)) == "<|message|x>");
  SseParser parser;
  std::vector<SseEvent> events;
  REQUIRE(parser.feed("retry: 12x\n", events));
  CHECK_FALSE(parser.retry());
  REQUIRE(parser.feed("retry: 1500\n", events));
  CHECK(parser.retry() == Duration{1500});
}

TEST_CASE("an event, or a line, beyond the cap ends the stream") {
  CHECK(events_of("data: a\n\ndata: " + std::string(2000, 'x')) == "<|message|a>!");
  std::string many = "data: ok\n\n";
  for (int i = 0; i < 200; ++i) many += "data: 123456\n";
  CHECK(events_of(many + "\n") == "<|message|ok>!");
  CHECK(events_of(": " + std::string(2000, 'x') + "\n") == "!");
}

TEST_CASE("what is formatted is parsed back, whatever line ends it holds") {
  CHECK(events_of(format_sse("1", "log", "a\nb\r\nc\rd")) == "<1|log|a\nb\nc\nd>");
  CHECK(events_of(format_sse("", "", "")) == "<|message|>");
  CHECK(events_of(format_sse("1\ndata: evil", "x\r\ny", "z")) == "<1data: evil|xy|z>");
}
