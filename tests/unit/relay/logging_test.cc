// Log messages and other notifications that name no request: to their owner, as loud
// as it asked for, or to nobody.
#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

std::string log(std::string_view level) {
  return notification_text("notifications/message",
                           R"({"level":")" + std::string{level} + R"(","data":"secret"})");
}

Asker loud(Asker client, std::string level) {
  client.log_level = std::move(level);
  return client;
}

TEST_CASE("a message of the log goes to the only client that the server works for") {
  Talk talk{Era::legacy};
  const CallId call = talk.calls(legacy_client(1), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(log("info"));
  CHECK(talk.got(call) == Texts{log("info")});

  const CallId other = talk.calls(legacy_client(2), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(log("error"));
  CHECK(talk.got(call).size() == 1);
  CHECK(talk.got(other).empty());

  talk.server_says(log("error"), other);  // unless its stream tells
  CHECK(talk.got(other) == Texts{log("error")});
}

TEST_CASE("a modern client gets log messages only if its request asked, from that level on") {
  for (const Era era : {Era::legacy, Era::modern}) {
    Talk talk{era};
    const CallId quiet = talk.calls(modern_client(1), "1", "tools/call", R"({"name":"a"})");
    talk.server_says(log("emergency"), quiet);
    CHECK(talk.got(quiet).empty());

    const CallId call =
        talk.calls(loud(modern_client(1), "warning"), "1", "tools/call", R"({"name":"a"})");
    talk.server_says(log("notice"), call);
    talk.server_says(log("warning"), call);
    CHECK(talk.got(call) == Texts{log("warning")});
  }
}

TEST_CASE("the server is told the most verbose level, each client gets its own") {
  Talk talk{Era::legacy};
  talk.interests.join({1});
  talk.interests.join({2});
  talk.interests.set_log_level({1}, "error");
  talk.link.follow();
  talk.drain();
  CHECK(talk.last_sent() == request_text("101", "logging/setLevel", R"({"level":"error"})"));
  talk.interests.set_log_level({2}, "debug");
  talk.link.follow();
  talk.drain();
  CHECK(talk.last_sent() == request_text("102", "logging/setLevel", R"({"level":"debug"})"));

  const CallId strict = talk.calls(legacy_client(1), "1", "tools/list");
  talk.server_says(log("warning"), strict);
  talk.server_says(log("error"), strict);
  CHECK(talk.got(strict) == Texts{log("error")});
  const CallId verbose = talk.calls(legacy_client(2), "1", "tools/list");
  talk.server_says(log("debug"), verbose);
  CHECK(talk.got(verbose) == Texts{log("debug")});

  talk.interests.leave({2});
  talk.link.follow();
  talk.drain();
  CHECK(talk.last_sent() == request_text("105", "logging/setLevel", R"({"level":"error"})"));
}

TEST_CASE("who never named a level does not get what another one asked for") {
  Talk talk{Era::legacy};
  const CallId call = talk.calls(legacy_client(1), "1", "tools/list");
  talk.server_says(log("debug"));
  CHECK(talk.got(call).size() == 1);  // what the server sends by itself

  talk.interests.set_log_level({2}, "debug");
  talk.link.follow();
  talk.server_says(log("debug"));
  CHECK(talk.got(call).size() == 1);
  talk.server_says(log("info"));
  CHECK(talk.got(call).size() == 2);
}

TEST_CASE("a modern request raises a legacy server's level before it is sent") {
  Talk talk{Era::legacy};
  talk.calls(loud(modern_client(1), "debug"), "1", "tools/list");
  REQUIRE(talk.sent.size() == 2);
  CHECK(talk.sent[0] == request_text("102", "logging/setLevel", R"({"level":"debug"})"));
}

TEST_CASE("between calls the log is for a session only while nobody else ever called") {
  Talk talk{Era::legacy};
  const Asker client = legacy_client(1);
  talk.interests.join(client.downstream);
  talk.calls(client, "1", "tools/list");
  talk.server_answers("{}");
  talk.server_says(log("info"));
  CHECK(talk.got({}) == Texts{log("info")});

  talk.calls(modern_client(2), "1", "tools/list");
  talk.server_answers("{}");
  talk.server_says(log("info"));
  CHECK(talk.got({}).size() == 1);
}

TEST_CASE("what is logged about one client's subscription reaches no other") {
  Talk talk{Era::legacy};
  const CallId call = talk.calls(legacy_client(1), "1", "tools/list");
  talk.calls(modern_client(2), "1", "subscriptions/listen",
             R"({"notifications":{"resourceSubscriptions":["test://secret"]}})");
  talk.server_says(log("info"));
  CHECK(talk.got(call).empty());
  talk.server_answers(102, "{}");
  talk.server_says(log("info"));
  CHECK(talk.got(call).size() == 1);
}

TEST_CASE("a notification we do not know belongs to the only client in flight, or to none") {
  Talk talk{Era::legacy};
  const std::string unknown =
      notification_text("notifications/elicitation/complete", R"({"elicitationId":"e"})");
  const CallId call = talk.calls(legacy_client(1), "1", "tools/list");
  talk.server_says(unknown);
  CHECK(talk.got(call) == Texts{unknown});
  talk.calls(legacy_client(2), "1", "tools/list");
  talk.server_says(unknown);
  CHECK(talk.to_clients.size() == 1);
}

}  // namespace
}  // namespace mcpctl::relay
