// MCP over one shared conversation: ids, progress tokens, cancellation (both eras).
#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

TEST_CASE("two clients with the same id get each its own answer, types kept") {
  for (const Era era : {Era::legacy, Era::modern}) {
    const auto client = era == Era::legacy ? legacy_client : modern_client;
    Talk talk{era};
    const CallId first = talk.calls(client(1, "{}"), "1", "tools/call", R"({"name":"a"})");
    const CallId second = talk.calls(client(2, "{}"), R"("1")", "tools/call", R"({"name":"b"})");
    REQUIRE(talk.sent == Texts{request_text("101", "tools/call", R"({"name":"a"})"),
                               request_text("102", "tools/call", R"({"name":"b"})")});

    talk.server_answers(102, R"({"for":"b"})");
    talk.server_answers(101, R"({"for":"a"})");

    CHECK(talk.got(first) == Texts{R"({"jsonrpc":"2.0","id":1,"result":{"for":"a"}})"});
    CHECK(talk.got(second) == Texts{R"({"jsonrpc":"2.0","id":"1","result":{"for":"b"}})"});
    CHECK(talk.link.in_flight() == 0);
  }
}

TEST_CASE("every byte but the id and the progress token is forwarded as it came") {
  const std::string odd =
      R"({ "params" : {"name":"x","arguments":{"n":1.00000000000000000001e+400,"n":-0,)"
      R"("\u0061":"\ud83d\ude00\/","a":[1 , 2]},"_meta":{"x":1,"progressToken":"p","x":2}} ,)"
      "\t\"extra\":null,\"method\":\"tools/call\", \"id\" : \"k\\u0065y\",\"jsonrpc\":\"2.0\" }";
  for (const Era era : {Era::legacy, Era::modern}) {
    Talk talk{era};
    const Asker client = era == Era::legacy ? legacy_client(1) : modern_client(1);
    const CallId call = talk.calls(client, odd);

    std::string expected = odd;
    expected.replace(expected.find(R"("p")"), 3, "101");
    expected.replace(expected.find(R"("k\u0065y")"), 10, "101");
    CHECK(talk.last_sent() == expected);

    const std::string answer =
        R"( {"result" : {"content":[ ],"content":1e999,"\u0041":"\\"}, "id":101,"jsonrpc":"2.0"})";
    talk.server_says(answer);
    std::string got = answer;
    got.replace(got.find("101"), 3, R"("k\u0065y")");
    CHECK(talk.got(call) == Texts{got});
  }
}

TEST_CASE("an error keeps its code, message and data") {
  Talk talk{Era::legacy};
  const CallId call = talk.calls(legacy_client(1), "7", "tools/call", R"({"name":"a"})");
  talk.server_says(
      R"({"jsonrpc":"2.0","id":101,"error":{"code":-32002,"message":"no","data":[1]}})");
  CHECK(talk.got(call) == Texts{R"({"jsonrpc":"2.0","id":7,"error":{"code":-32002,)"
                                R"("message":"no","data":[1]}})"});
}

TEST_CASE("progress comes back under the token that each client chose") {
  Talk talk{Era::legacy};
  const std::string_view with_token = R"({"name":"a","_meta":{"progressToken":0}})";
  const CallId first = talk.calls(legacy_client(1), "0", "tools/call", with_token);
  const CallId second = talk.calls(legacy_client(2), "0", "tools/call", with_token);
  const CallId silent = talk.calls(legacy_client(3), "0", "tools/call", R"({"name":"a"})");
  CHECK(talk.sent[1] ==
        request_text("102", "tools/call", R"({"name":"a","_meta":{"progressToken":102}})"));

  const auto progress = [](std::string_view token, std::string_view value) {
    return notification_text(
        "notifications/progress",
        R"({"progressToken":)" + std::string{token} + R"(,"progress":)" + std::string{value} + '}');
  };
  talk.server_says(progress("102", "0.50"));
  talk.server_says(progress("101", "1"));
  talk.server_says(progress("103", "1"));  // nobody asked for it
  talk.server_says(progress("\"101\"", "2"));
  talk.server_says(progress("999", "2"));

  CHECK(talk.got(first) == Texts{progress("0", "1")});
  CHECK(talk.got(second) == Texts{progress("0", "0.50")});
  CHECK(talk.got(silent).empty());

  talk.server_answers(101, "{}");
  talk.server_says(progress("101", "3"));  // too late
  CHECK(talk.got(first).size() == 2);
}

TEST_CASE("progress and answer leave in the order in which the server wrote them") {
  Talk talk{Era::modern};
  const CallId call = talk.calls(modern_client(1), "1", "tools/call",
                                 R"({"name":"a","_meta":{"progressToken":"t"}})");
  for (int i = 0; i < 3; ++i) {
    talk.server_says(notification_text(
        "notifications/progress", R"({"progressToken":101,"progress":)" + std::to_string(i) + '}'));
  }
  talk.server_answers("{}");
  REQUIRE(talk.to_clients.size() == 4);
  CHECK(talk.to_clients[3].is_last);
  CHECK(talk.last_messages(call) == 1);
}

TEST_CASE("a cancellation carries our id, and the late answer is ignored") {
  Talk talk{Era::legacy};
  const CallId call = talk.calls(legacy_client(1), "1", "tools/call", R"({"name":"a"})");
  const CallId other = talk.calls(legacy_client(2), "1", "tools/call", R"({"name":"a"})");

  talk.cancels(call, R"("no \u0077ish")");

  CHECK(talk.last_sent() == notification_text("notifications/cancelled",
                                              R"({"requestId":101,"reason":"no \u0077ish"})"));
  talk.server_answers(101, "{}");
  CHECK(talk.got(call).empty());
  CHECK(talk.got(other).empty());
  talk.cancels(call);
  CHECK(talk.sent.size() == 3);
  CHECK(talk.link.in_flight() == 1);
}

TEST_CASE("a call that fails here ends with an error, and the server need not go on") {
  Talk talk{Era::modern};
  const CallId call = talk.calls(modern_client(1), "1", "tools/call", R"({"name":"a"})");
  talk.link.fail(call, error_code::timed_out, "no answer in 60 s");
  talk.drain();
  CHECK(talk.got(call) == Texts{R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,)"
                                R"("message":"no answer in 60 s"}})"});
  CHECK(talk.last_sent() == notification_text("notifications/cancelled",
                                              R"({"requestId":101,"reason":"no answer in 60 s"})"));
}

TEST_CASE("when the server is gone, each call in flight learns it at once") {
  Talk talk{Era::legacy};
  const CallId first = talk.calls(legacy_client(1), "1", "tools/call", R"({"name":"a"})");
  const CallId second = talk.calls(legacy_client(2), "2", "tools/list");
  CHECK_FALSE(talk.link.may_repeat(first));
  CHECK(talk.link.may_repeat(first, true));
  CHECK(talk.link.may_repeat(second));

  talk.link.forget(second);
  talk.server_dies();

  CHECK(talk.got(first) == Texts{R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,)"
                                 R"("message":"killed by SIGKILL"}})"});
  CHECK(talk.got(second).empty());
  CHECK(talk.link.in_flight() == 0);

  const CallId late = talk.calls(legacy_client(1), "3", "tools/list");
  CHECK(talk.last_messages(late) == 1);
}

TEST_CASE("answers to nobody's request are dropped, batches are taken apart") {
  Talk talk{Era::legacy};
  const CallId call = talk.calls(legacy_client(1), "1", "tools/list");
  talk.server_says(result_text(999, "{}"));
  talk.server_says(result_text("\"101\"", "{}"));
  talk.server_says(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}})");
  CHECK(talk.got(call).empty());

  talk.server_says('[' + result_text(999, "{}") + ',' + result_text(101, "{}") + ']');
  CHECK(talk.last_messages(call) == 1);
}

TEST_CASE("an error without an id answers the request whose stream it came on") {
  Talk talk{Era::modern};
  const CallId first = talk.calls(modern_client(1), "1", "tools/list");
  const CallId second = talk.calls(modern_client(2), "1", "tools/list");
  talk.server_says(R"({"jsonrpc":"2.0","error":{"code":-32603,"message":"no"}})", second);
  CHECK(talk.got(first).empty());
  CHECK(talk.got(second) ==
        Texts{R"({"id":1,"jsonrpc":"2.0","error":{"code":-32603,"message":"no"}})"});
}

TEST_CASE("over HTTP a request names its method and what it is about") {
  Talk talk{Link::Options{.server = server_of(Era::modern), .for_http = true}};
  talk.calls(modern_client(1), "1", "tools/call", R"({"name":"caf\u00e9"})");
  CHECK(talk.to_server.back().headers->method == "tools/call");
  CHECK(talk.to_server.back().headers->name == "caf\xC3\xA9");
  talk.calls(modern_client(1), "2", "resources/read", R"({"uri":"file:///a"})");
  CHECK(talk.to_server.back().headers->name == "file:///a");
}

}  // namespace
}  // namespace mcpctl::relay
