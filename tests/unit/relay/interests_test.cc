// News of lists and resources: who hears them, and what the server is asked for.
#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

const std::string tools_changed = notification_text("notifications/tools/list_changed");

std::string updated(std::string_view uri) {
  return notification_text("notifications/resources/updated",
                           R"({"uri":")" + std::string{uri} + R"("})");
}

std::string tagged(std::string_view method, std::string_view id, std::string_view rest = {}) {
  return notification_text(method, R"({"_meta":{"io.modelcontextprotocol/subscriptionId":)" +
                                       std::string{id} + '}' + std::string{rest} + '}');
}

std::string acknowledged(std::string_view id, std::string_view granted) {
  return tagged("notifications/subscriptions/acknowledged", id,
                R"(,"notifications":)" + std::string{granted});
}

TEST_CASE("every session hears of a changed list, a listener only if it asked, under its own id") {
  Talk talk{Era::legacy};
  talk.interests.join({1});
  talk.interests.join({2});
  const CallId listener = talk.calls(modern_client(3), "\"L\"", "subscriptions/listen",
                                     R"({"notifications":{"toolsListChanged":true}})");
  const CallId other = talk.calls(modern_client(4), "7", "subscriptions/listen",
                                  R"({"notifications":{"promptsListChanged":true}})");
  REQUIRE(talk.got(listener) == Texts{acknowledged("\"L\"", R"({"toolsListChanged":true})")});
  REQUIRE(talk.got(other) == Texts{acknowledged("7", R"({"promptsListChanged":true})")});
  CHECK(talk.sent.empty());

  talk.server_says(tools_changed);

  CHECK(talk.got_by(legacy_client(1)) == Texts{tools_changed});
  CHECK(talk.got_by(legacy_client(2)) == Texts{tools_changed});
  CHECK(talk.got(listener)[1] == tagged("notifications/tools/list_changed", "\"L\""));
  CHECK(talk.got(other).size() == 1);
}

TEST_CASE("a resource is unsubscribed at the server when its last subscriber leaves") {
  Talk talk{Era::legacy};
  const Asker first = legacy_client(1);
  const Asker second = legacy_client(2);
  const std::string_view uri = R"({"uri":"test://a"})";
  const CallId subscribe = talk.calls(first, "1", "resources/subscribe", uri);
  CHECK(talk.last_sent() == request_text("101", "resources/subscribe", uri));
  talk.server_answers("{}");
  CHECK(talk.answer_to(subscribe) == result_text(1, "{}"));
  talk.calls(second, "1", "resources/subscribe", uri);
  talk.server_answers("{}");

  talk.server_says(updated("test://a"));
  talk.server_says(updated("test://b"));
  CHECK(talk.got({}) == Texts{updated("test://a"), updated("test://a")});

  const std::size_t sent = talk.sent.size();
  const CallId early = talk.calls(first, "2", "resources/unsubscribe", uri);
  CHECK(talk.answer_to(early) == result_text(2, "{}"));
  CHECK(talk.sent.size() == sent);
  talk.server_says(updated("test://a"));
  CHECK(talk.got({}).size() == 3);

  talk.calls(second, "2", "resources/unsubscribe", uri);
  CHECK(talk.last_sent() == request_text("103", "resources/unsubscribe", uri));
}

TEST_CASE("a subscription that the server refuses is none") {
  Talk talk{Era::legacy};
  const CallId call =
      talk.calls(legacy_client(1), "1", "resources/subscribe", R"({"uri":"test://no"})");
  talk.server_refuses(101, -32002);
  CHECK(talk.answer_to(call).find("-32002") != std::string::npos);
  CHECK(talk.interests.wanted().uris.empty());
  talk.server_says(updated("test://no"));
  CHECK(talk.got({}).empty());
}

TEST_CASE("a part of a subscribed resource counts, a longer name does not") {
  Interests interests;
  interests.subscribe({1}, "file:///dir");
  const auto hearers = [&](std::string uri) {
    return interests.deliver({.what = Heard::What::resource_updated, .subject = std::move(uri)})
        .size();
  };
  CHECK(hearers("file:///dir") == 1);
  CHECK(hearers("file:///dir/file") == 1);
  CHECK(hearers("file:///directory") == 0);
  CHECK(hearers("file:///") == 0);
}

TEST_CASE("a listener at a legacy server is served by subscriptions, and acknowledged then") {
  Talk talk{Era::legacy};
  const CallId listener =
      talk.calls(modern_client(1), "1", "subscriptions/listen",
                 R"({"notifications":{"resourceSubscriptions":["test://a","test://no"]}})");
  REQUIRE(talk.sent == Texts{request_text("101", "resources/subscribe", R"({"uri":"test://a"})"),
                             request_text("102", "resources/subscribe", R"({"uri":"test://no"})")});
  CHECK(talk.got(listener).empty());
  talk.server_refuses(102, -32002);
  talk.server_answers(101, "{}");
  CHECK(talk.got(listener) ==
        Texts{acknowledged("1", R"({"resourceSubscriptions":["test://a"]})")});

  talk.server_says(updated("test://a"));
  CHECK(talk.got(listener)[1] ==
        tagged("notifications/resources/updated", "1", R"(,"uri":"test://a")"));

  talk.cancels(listener);
  CHECK(talk.sent.size() == 4);
  CHECK(talk.last_sent().find("resources/unsubscribe") != std::string::npos);
  talk.server_says(updated("test://a"));
  CHECK(talk.got(listener).size() == 2);
}

TEST_CASE("all clients' wishes are one subscription at a modern server") {
  Talk talk{Era::modern};
  const CallId first = talk.calls(modern_client(1), "\"a\"", "subscriptions/listen",
                                  R"({"notifications":{"toolsListChanged":true}})");
  const std::string params =
      R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
      R"("io.modelcontextprotocol/clientInfo":{"name":"mcpctl","version":"0"},)"
      R"("io.modelcontextprotocol/clientCapabilities":{}},"notifications":)";
  CHECK(talk.last_sent() ==
        request_text("101", "subscriptions/listen", params + R"({"toolsListChanged":true}})"));
  CHECK(talk.got(first).empty());  // not before the server serves it
  talk.server_says(acknowledged("101", R"({"toolsListChanged":true})"));
  CHECK(talk.got(first) == Texts{acknowledged("\"a\"", R"({"toolsListChanged":true})")});

  const CallId second = talk.calls(modern_client(2), "\"b\"", "subscriptions/listen",
                                   R"({"notifications":{"resourceSubscriptions":["test://x"]}})");
  CHECK(
      talk.last_sent() ==
      request_text("102", "subscriptions/listen",
                   params + R"({"toolsListChanged":true,"resourceSubscriptions":["test://x"]}})"));
  talk.server_says(tagged("notifications/tools/list_changed", "101"));
  CHECK(talk.got(first).back() == tagged("notifications/tools/list_changed", "\"a\""));

  talk.server_says(acknowledged("102", R"({"toolsListChanged":true})"));
  CHECK(talk.got(second) == Texts{acknowledged("\"b\"", "{}")});
  CHECK(talk.last_sent() == notification_text("notifications/cancelled", R"({"requestId":101})"));
  talk.server_says(tagged("notifications/tools/list_changed", "101"));  // over
  CHECK(talk.got(first).size() == 2);
  talk.server_says(tagged("notifications/tools/list_changed", "102"));
  CHECK(talk.got(first).size() == 3);
}

TEST_CASE("a legacy client's subscription works at a modern server") {
  Talk talk{Era::modern};
  const CallId call =
      talk.calls(legacy_client(1), "1", "resources/subscribe", R"({"uri":"test://x"})");
  CHECK(talk.answer_to(call) == result_text(1, "{}"));
  CHECK(talk.last_sent().find(R"("resourceSubscriptions":["test://x"])") != std::string::npos);
  talk.server_says(acknowledged("101", R"({"resourceSubscriptions":["test://x"]})"));
  talk.server_says(tagged("notifications/resources/updated", "101", R"(,"uri":"test://x")"));
  CHECK(talk.got({}) == Texts{notification_text("notifications/resources/updated",
                                                R"({"_meta":{},"uri":"test://x"})")});

  talk.calls(legacy_client(1), "2", "resources/unsubscribe", R"({"uri":"test://x"})");
  CHECK(talk.last_sent() == notification_text("notifications/cancelled", R"({"requestId":101})"));
}

TEST_CASE("a server that ends the subscription ends those that hang on it") {
  Talk talk{Era::modern};
  const CallId listener = talk.calls(modern_client(1), "\"a\"", "subscriptions/listen",
                                     R"({"notifications":{"toolsListChanged":true}})");
  talk.server_says(acknowledged("101", R"({"toolsListChanged":true})"));
  SUBCASE("with a result") { talk.server_answers(101, R"({"resultType":"complete"})"); }
  SUBCASE("with a cancellation") {
    talk.server_says(notification_text("notifications/cancelled", R"({"requestId":101})"));
  }
  CHECK(talk.answer_to(listener) ==
        result_text("\"a\"", R"({"resultType":"complete",)"
                             R"("_meta":{"io.modelcontextprotocol/subscriptionId":"a"}})"));
  CHECK(talk.last_messages(listener) == 1);
}

TEST_CASE("a session hears on when the server ended its subscription, or the connection broke") {
  Talk talk{Era::modern};
  talk.interests.join({1});
  talk.link.follow();
  talk.drain();
  talk.server_says(acknowledged("101", R"({"toolsListChanged":true})"));

  SUBCASE("the server ended it") { talk.server_answers(101, R"({"resultType":"complete"})"); }
  SUBCASE("the connection broke") { talk.link.lost(101); }
  talk.drain();
  CHECK(talk.missed == 1);
  CHECK(talk.sent.size() == 1);  // not at once
  talk.link.follow();
  talk.drain();
  CHECK(talk.last_sent().find("\"id\":102") != std::string::npos);

  talk.server_says(acknowledged("102", R"({"toolsListChanged":true})"));
  talk.server_says(tagged("notifications/tools/list_changed", "102"));
  CHECK(talk.got({}).size() == 1);
}

TEST_CASE("a subscription that the server refuses is not asked for again") {
  Talk talk{Era::modern};
  talk.interests.join({1});
  talk.link.follow();
  talk.drain();

  talk.server_refuses(101, -32601);
  talk.link.follow();
  talk.drain();

  CHECK(talk.missed == 0);
  CHECK(talk.sent.size() == 1);
}

TEST_CASE("a listener stays when the connection broke, and nobody waits for what is lost") {
  Talk talk{Era::modern};
  const CallId listener = talk.calls(modern_client(1), "\"a\"", "subscriptions/listen",
                                     R"({"notifications":{"toolsListChanged":true}})");
  talk.link.lost(101);
  talk.link.follow();
  talk.drain();
  CHECK(talk.got(listener).empty());
  talk.server_says(acknowledged("102", R"({"toolsListChanged":true})"));
  CHECK(talk.got(listener).size() == 1);

  Talk legacy{Era::legacy};
  const CallId other = legacy.calls(modern_client(1), "\"b\"", "subscriptions/listen",
                                    R"({"notifications":{"resourceSubscriptions":["test://a"]}})");
  legacy.link.lost(legacy.last_id);
  legacy.drain();
  CHECK(legacy.got(other) == Texts{acknowledged("\"b\"", "{}")});
}

TEST_CASE("what clients want survives the server: its next incarnation is told at once") {
  Talk talk{Era::legacy};
  talk.interests.join({1});
  talk.interests.set_log_level({1}, "error");
  const CallId listener = talk.calls(modern_client(2), "1", "subscriptions/listen",
                                     R"({"notifications":{"resourceSubscriptions":["test://a"]}})");
  talk.server_answers(talk.last_id, "{}");
  talk.server_dies();
  CHECK(talk.last_messages(listener) == 0);

  std::uint64_t id = 0;
  Link next{{.server = server_of(Era::legacy), .take_id = [&id] { return ++id; }}, talk.interests};
  Texts sent;
  for (const Output& output : next.take_outputs()) {
    sent.push_back(std::get<ToServer>(output).text);
  }
  CHECK(sent == Texts{request_text("1", "logging/setLevel", R"({"level":"error"})"),
                      request_text("2", "resources/subscribe", R"({"uri":"test://a"})")});

  const auto ends = talk.interests.end_listeners();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].is_last);
}

TEST_CASE("what the server does not offer is neither asked for nor acknowledged") {
  for (const Era era : {Era::legacy, Era::modern}) {
    ServerProfile poor = server_of(era);
    poor.capabilities = R"({"tools":{}})";
    Talk talk{Link::Options{.server = poor}};
    const CallId listener = talk.calls(
        modern_client(1), "1", "subscriptions/listen",
        R"({"notifications":{"toolsListChanged":true,"resourceSubscriptions":["test://a"]}})");
    CHECK(talk.sent.empty());
    CHECK(talk.got(listener) == Texts{acknowledged("1", "{}")});
  }
}

TEST_CASE("a listener that leaves takes only its own wishes along") {
  Interests interests;
  interests.join({1});
  interests.subscribe({1}, "a:b");
  interests.listen({5}, {2}, "1", {.uris = {"a:b", "c:d"}});
  CHECK(interests.wanted().uris.size() == 2);
  CHECK(interests.drop({5}));
  CHECK_FALSE(interests.drop({5}));
  CHECK(interests.wanted().uris.size() == 1);
  interests.leave({1});
  CHECK(interests.wanted().empty());
}

}  // namespace
}  // namespace mcpctl::relay
