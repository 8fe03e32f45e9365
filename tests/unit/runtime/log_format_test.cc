#include "runtime/log_format.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::runtime;

namespace {

constexpr std::int64_t moment = 1'772'366'400'123;  // 2026-03-01T12:00:00.123Z

std::string record(config::LogFormat format, std::string_view text, bool continued = false) {
  std::string out;
  format_records(out, format, "github", {1, moment, Stream::err, text, continued});
  return out;
}

}  // namespace

TEST_CASE("a text record has time, stream and line") {
  CHECK(record(config::LogFormat::text, "hello") == "2026-03-01T12:00:00.123Z err hello\n");
  CHECK(record(config::LogFormat::text, "hel", true) == "2026-03-01T12:00:00.123Z err+ hel\n");
}

TEST_CASE("a raw record is the line") { CHECK(record(config::LogFormat::raw, "hi") == "hi\n"); }

TEST_CASE("each line of a block becomes a record, without its carriage return") {
  CHECK(record(config::LogFormat::text, "one\r\n\nthree") ==
        "2026-03-01T12:00:00.123Z err one\n"
        "2026-03-01T12:00:00.123Z err \n"
        "2026-03-01T12:00:00.123Z err three\n");
}

TEST_CASE("a JSON record escapes what JSON reserves") {
  CHECK(record(config::LogFormat::json, "a\"b\\c\td\x01") ==
        "{\"ts\":\"2026-03-01T12:00:00.123Z\",\"server\":\"github\",\"stream\":\"err\","
        "\"text\":\"a\\\"b\\\\c\\td\\u0001\"}\n");
}

TEST_CASE("bytes that are no UTF-8 become the replacement character in JSON") {
  std::string out;

  append_json_escaped(out, "ok \xc3\xa4 \xff \xc3( \xed\xa0\x80 \xf0\x9f\x98\x80 \xf0\x9f");

  CHECK(out ==
        "ok \xc3\xa4 \xef\xbf\xbd \xef\xbf\xbd( \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
        "\xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd");
}
