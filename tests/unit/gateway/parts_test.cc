// Session ids, event ids and what is kept of a stream.
#include <doctest/doctest.h>

#include <set>

#include "gateway/classify.h"
#include "gateway/event_store.h"
#include "gateway/figures.h"
#include "gateway/reply.h"
#include "gateway/session_id.h"
#include "gateway/visit.h"

using namespace mcpctl;
using namespace mcpctl::gateway;

TEST_CASE("session ids are 128 random bits") {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(unguessable());
  CHECK(ids.size() == 1000);
  for (const std::string& id : ids) {
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
}

TEST_CASE("an event id is a stream and a number") {
  CHECK(read_event_id(text_of({3, 17})) == EventId{3, 17});
  for (const char* text :
       {"", "-", "1-", "-1", "1-1-1", "a-1", " 1-1", "1", "+1-2", "99999999999999999999-1"}) {
    CAPTURE(text);
    CHECK_FALSE(read_event_id(text));
  }
}

TEST_CASE("what is kept comes back in order, per stream, or not at all") {
  EventStore store{1000};
  const Instant now{Duration{1}};
  store.add({1, 1}, "a", now);
  store.add({2, 1}, "x", now);
  store.add({1, 2}, "b", now);

  const auto rest = store.after({1, 0});
  REQUIRE(rest);
  REQUIRE(rest->size() == 2);
  CHECK((*rest)[0].text == "a");
  CHECK((*rest)[1].text == "b");
  CHECK(store.after({1, 2})->empty());

  for (std::uint64_t i = 3; i < 20; ++i) store.add({1, i}, std::string(40, 'c'), now);
  CHECK_FALSE(store.after({1, 0}));  // the first are gone
  CHECK(store.after({1, 18})->size() == 1);
}

TEST_CASE("what is kept is bounded and forgotten in time") {
  EventStore store{1000};
  store.add({1, 1}, std::string(5000, 'x'), Instant{Duration{1}});
  CHECK(store.is_empty());
  store.add({1, 2}, "x", Instant{Duration{10}});
  store.add({2, 1}, "y", Instant{Duration{20}});
  CHECK(store.oldest() == Instant{Duration{10}});

  store.forget(Instant{Duration{15}});
  CHECK(store.oldest() == Instant{Duration{20}});
  store.forget(Instant{Duration{25}});
  CHECK(store.is_empty());
}

TEST_CASE("a header value is itself, or canonical base64 of UTF-8") {
  CHECK(decode_header("Hello") == "Hello");
  CHECK(encode_header("Hello") == "Hello");
  CHECK(encode_header("\xc3\xa4") == "=?base64?w6Q=?=");
  for (const std::string text : {"", " ", "a b", "a\nb", "=?base64?x?=", "\xc3\xa4\xc3\xa4"}) {
    CHECK(decode_header(encode_header(text)) == text);
  }
  CHECK(decode_header("=?base64?SGVsbG8=?=") == "Hello");
  CHECK(decode_header("=?base64?w6Q=?=") == "\xc3\xa4");
  CHECK(decode_header("=?base64?"
                      "?=") == "");
  CHECK(decode_header("=?base64?SGVsbG8=") == "=?base64?SGVsbG8=");
  CHECK(decode_header("SGVsbG8=?=") == "SGVsbG8=?=");
  CHECK_FALSE(decode_header("=?base64?SGVsbG8?="));      // no padding
  CHECK_FALSE(decode_header("=?base64?SGVsbG9=?="));     // stray bits
  CHECK_FALSE(decode_header("=?base64?SGVs!!!bG8=?="));  // another alphabet
  CHECK_FALSE(decode_header("=?base64?/w==?="));         // no UTF-8
  CHECK_FALSE(decode_header("=?base64?=?="));
}

TEST_CASE("an error is known by its shape, not by a word in a text") {
  CHECK(error_code_of(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"x"}})") ==
        -32601);
  CHECK_FALSE(error_code_of(R"({"jsonrpc":"2.0","id":1,"result":{"error":{"code":-32601}}})"));
  CHECK_FALSE(error_code_of(R"({"jsonrpc":"2.0","id":1,"result":{}})"));
  CHECK(error_text("", -32700, "a \"b\" \xff") ==
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"a \\\"b\\\" "
        "\xef\xbf\xbd\"}}");
}

TEST_CASE("foreign text cannot break the access log") {
  Visit visit;
  visit.peer = "127.0.0.1";
  visit.verb = "POST";
  visit.server = "math";
  visit.method = "tools/call";
  visit.tool = "a \"b\"\nstatus=200";

  CHECK(access_line(visit, 404, Duration{3}) ==
        "client peer=127.0.0.1 http=POST server=math method=tools/call tool=\"a 'b' status=200\" "
        "status=404 ms=3");
}

TEST_CASE("what comes through the door is counted, with bounded labels") {
  Figures figures;
  Visit visit;
  visit.server = "ma\"th";
  visit.method = "tools/call";
  figures.count(visit, 200, Duration{3});
  figures.count(visit, 200, Duration{30'000});
  visit.method = "made/up";
  figures.count(visit, 404, Duration{1});
  visit.method = "";
  figures.count(visit, 401, Duration{1});

  const std::string page = figures.text({3, 2, 1});

  for (const char* line :
       {"mcp_http_requests_total{server=\"ma\\\"th\",method=\"tools/call\",status=\"200\"} 2\n",
        "mcp_http_requests_total{server=\"ma\\\"th\",method=\"other\",status=\"404\"} 1\n",
        "mcp_http_request_duration_seconds_bucket{le=\"0.005\"} 2\n",
        "mcp_http_request_duration_seconds_bucket{le=\"+Inf\"} 3\n",
        "mcp_http_request_duration_seconds_sum 30.004\n", "mcp_http_sessions 2\n",
        "mcp_http_connections 3\n"}) {
    CAPTURE(line);
    CHECK(page.find(line) != std::string::npos);
  }
  CHECK(page.find("401") == std::string::npos);  // nothing was understood of it
}
