// What a legacy server asks of clients: whom it reaches, and who may answer.
#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

const std::string_view sampling = R"({"messages":[],"maxTokens":9007199254740993})";

std::string error_text(std::string_view id, int code, std::string_view why) {
  return R"({"jsonrpc":"2.0","id":)" + std::string{id} + R"(,"error":{"code":)" +
         std::to_string(code) + R"(,"message":")" + std::string{why} + R"("}})";
}

TEST_CASE(
    "a server's request reaches the only caller under an id of ours, and its answer comes back") {
  Talk talk{Era::legacy};
  const CallId call =
      talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(request_text("\"s-1\"", "sampling/createMessage", sampling));

  REQUIRE(talk.got(call) == Texts{request_text("901", "sampling/createMessage", sampling)});
  CHECK(talk.to_clients.back().asks == 901);
  CHECK_FALSE(talk.to_clients.back().is_last);

  talk.answers(call, result_text(901, R"({"role":"assistant"})"));
  CHECK(talk.last_sent() == result_text("\"s-1\"", R"({"role":"assistant"})"));
  talk.answers(call, result_text(901, R"({"role":"again"})"));
  CHECK(talk.sent.size() == 2);
}

TEST_CASE("a client's refusal reaches the server as it is") {
  Talk talk{Era::legacy};
  const CallId call =
      talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(request_text("0", "roots/list"));
  talk.answers(call, error_text("901", -1, "user said no"));
  CHECK(talk.last_sent() == error_text("0", -1, "user said no"));
}

TEST_CASE("with several clients in flight a request is declined at once") {
  Talk talk{Era::legacy};
  talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  talk.calls(legacy_client(2, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(request_text("5", "elicitation/create", R"({"message":"m"})"));
  CHECK(talk.last_sent() ==
        error_text("5", error_code::declined, "no client can be told to be the one to answer"));
  CHECK(talk.to_clients.empty());
}

TEST_CASE("several calls of one client do not make it ambiguous who is asked") {
  Talk talk{Era::legacy};
  const Asker client = legacy_client(1, all_capabilities);
  talk.calls(client, "1", "tools/call", R"({"name":"a"})");
  const CallId newest = talk.calls(client, "2", "tools/call", R"({"name":"b"})");
  talk.server_says(request_text("5", "roots/list"));
  CHECK(talk.got(newest) == Texts{request_text("901", "roots/list")});
}

TEST_CASE("the stream that a request came on tells whom it means") {
  Talk talk{Era::legacy};
  const CallId first =
      talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  const CallId second =
      talk.calls(legacy_client(2, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(request_text("5", "roots/list"), first);
  CHECK(talk.got(first) == Texts{request_text("901", "roots/list")});
  CHECK(talk.got(second).empty());
}

TEST_CASE("nobody is asked for what it did not declare") {
  Talk talk{Era::legacy};
  const CallId call =
      talk.calls(legacy_client(1, R"({"roots":{}})"), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(request_text("5", "sampling/createMessage", sampling));
  CHECK(talk.last_sent() == error_text("5", -32601, "the client did not declare this"));
  CHECK(talk.got(call).empty());
}

TEST_CASE("with nobody in flight a request is declined, unknown ones too, a ping answered") {
  Talk talk{Era::legacy};
  talk.server_says(request_text("5", "roots/list"));
  CHECK(talk.last_sent() ==
        error_text("5", error_code::declined, "no client can be told to be the one to answer"));
  talk.server_says(request_text("6", "x/y"));
  CHECK(talk.last_sent() == error_text("6", -32601, "method not found"));
  talk.server_says(request_text("7", "ping"));
  CHECK(talk.last_sent() == result_text(7, "{}"));
}

TEST_CASE("nobody answers in another's place") {
  Talk talk{Era::legacy};
  const CallId asked =
      talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(request_text("5", "roots/list"));
  const CallId other =
      talk.calls(legacy_client(2, all_capabilities), "1", "tools/call", R"({"name":"a"})");

  talk.answers(other, result_text(901, R"({"roots":["forged"]})"));
  talk.answers({}, result_text(901, R"({"roots":["forged"]})"));
  talk.answers(asked, result_text("\"901\"", R"({"roots":["wrong type"]})"));
  CHECK(talk.sent.size() == 2);

  talk.answers(asked, result_text(901, R"({"roots":[]})"));
  CHECK(talk.last_sent() == result_text(5, R"({"roots":[]})"));
}

TEST_CASE("what a cancelled request may still ask for reaches no other client") {
  Talk talk{Era::legacy};
  const CallId cancelled =
      talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  const CallId other =
      talk.calls(legacy_client(2, all_capabilities), "1", "tools/call", R"({"name":"b"})");
  talk.cancels(cancelled);
  talk.server_says(request_text("5", "elicitation/create", R"({"message":"of the first"})"));
  talk.server_says(notification_text("notifications/message", R"({"level":"error","data":1})"));
  CHECK(talk.got(other).empty());

  // Once it answered what was sent after the cancellation, it has read that.
  talk.calls(legacy_client(2, all_capabilities), "2", "tools/list");
  talk.server_answers(103, "{}");
  talk.server_says(request_text("6", "elicitation/create", R"({"message":"of the second"})"));
  CHECK(talk.got(other).size() == 1);
}

TEST_CASE("an answer to what was sent before the cancellation does not prove that it was read") {
  Talk talk{Era::legacy};
  const CallId cancelled =
      talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  const CallId other =
      talk.calls(legacy_client(2, all_capabilities), "1", "tools/call", R"({"name":"b"})");
  talk.interests.set_log_level({2}, "debug");
  talk.link.follow();
  talk.drain();
  talk.cancels(cancelled);
  talk.server_answers(103, "{}");  // to logging/setLevel
  talk.server_says(request_text("5", "elicitation/create", R"({"message":"of the first"})"));
  CHECK(talk.got(other).empty());
}

TEST_CASE("a question nobody waits for any more is withdrawn") {
  Talk talk{Era::legacy};
  const Asker client = legacy_client(1, all_capabilities);
  const CallId call = talk.calls(client, "1", "tools/call", R"({"name":"a"})");
  const std::string withdrawn =
      notification_text("notifications/cancelled", R"({"requestId":901})");

  SUBCASE("by the server") {
    talk.server_says(request_text("\"q\"", "roots/list"));
    talk.server_says(notification_text("notifications/cancelled", R"({"requestId":"q"})"));
    CHECK(talk.got(call)[1] == withdrawn);
    talk.answers(call, result_text(901, "{}"));
    CHECK(talk.sent.size() == 1);
  }
  SUBCASE("because its call has ended") {
    talk.server_says(request_text("\"q\"", "roots/list"));
    talk.server_answers(101, "{}");
    CHECK(talk.got(call)[1] == withdrawn);
    CHECK(talk.last_messages(call) == 1);
  }
  SUBCASE("because the server is gone") {
    talk.server_says(request_text("\"q\"", "roots/list"));
    talk.server_dies();
    CHECK(talk.got(call)[1] == withdrawn);
    CHECK(talk.last_messages(call) == 1);
  }
  SUBCASE("because the client cancelled: the server is not left waiting") {
    talk.server_says(request_text("\"q\"", "roots/list"));
    talk.cancels(call);
    CHECK(talk.sent[1] == error_text("\"q\"", error_code::declined, "the request was cancelled"));
    CHECK(talk.last_sent() == notification_text("notifications/cancelled", R"({"requestId":101})"));
  }
}

TEST_CASE("a stream that began with one call goes on with its retry") {
  Talk talk{Era::legacy};
  const Asker client = modern_client(1, all_capabilities);
  const CallId first = talk.calls(client, "1", "tools/call", R"({"name":"a"})");
  talk.calls(modern_client(2), "1", "tools/call", R"({"name":"b"})");
  talk.server_says(request_text("5", "roots/list"), first);
  talk.server_says(request_text("6", "roots/list"), first);  // parked already
  const CallId retry = talk.calls(client, "2", "tools/call",
                                  R"({"name":"a","inputResponses":{"ask-901":{},"ask-902":{}},)"
                                  R"("requestState":"token-1"})");
  CHECK(talk.last_sent() == result_text(6, "{}"));

  const std::string unknown = notification_text("x/y");
  talk.server_says(unknown, first);
  CHECK(talk.got(retry) == Texts{unknown});
}

TEST_CASE("methods of the other era are unknown, whatever the server speaks") {
  for (const Era era : {Era::legacy, Era::modern}) {
    Talk talk{era};
    const CallId old = talk.calls(legacy_client(1), "1", "subscriptions/listen", "{}");
    const CallId recent = talk.calls(modern_client(2), "1", "resources/subscribe", "{}");
    CHECK(talk.answer_to(old) == error_text("1", -32601, "method not found"));
    CHECK(talk.answer_to(recent) == error_text("1", -32601, "method not found"));
    CHECK(talk.sent.empty());
  }
}

TEST_CASE("a server of one client may ask it without a call") {
  const Link::Options::Owner owner{.downstream = {1}, .abilities = abilities_of(all_capabilities)};
  Talk talk{Link::Options{.server = server_of(Era::legacy), .owner = owner}};
  talk.server_says(request_text("5", "roots/list"));
  CHECK(talk.got({}) == Texts{request_text("901", "roots/list")});
  CHECK(talk.to_clients[0].downstream == DownstreamId{1});
  talk.answers({}, result_text(901, R"({"roots":[]})"));
  CHECK(talk.last_sent() == result_text(5, R"({"roots":[]})"));

  talk.link.notify(message(notification_text("notifications/roots/list_changed")));
  talk.drain();
  CHECK(talk.last_sent() == notification_text("notifications/roots/list_changed"));
}

TEST_CASE("no client's notifications reach a shared server") {
  Talk talk{Era::legacy};
  talk.link.notify(message(notification_text("notifications/roots/list_changed")));
  talk.drain();
  CHECK(talk.sent.empty());
}

TEST_CASE("a modern server that sends a request is told that there is no such thing") {
  Talk talk{Era::modern};
  talk.calls(legacy_client(1, all_capabilities), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(request_text("5", "sampling/createMessage", sampling));
  CHECK(talk.last_sent() == error_text("5", -32601, "method not found"));
}

}  // namespace
}  // namespace mcpctl::relay
