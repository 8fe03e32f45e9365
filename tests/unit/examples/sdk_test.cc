#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sdk/peer.h"
#include "sdk/server.h"

using sdk::Json;

namespace {

/// A client that is a function call away.
struct Client {
  explicit Client(sdk::Server& server) : peer(std::in_place, server) {}

  void send(const Json& message) {
    peer->receive(message.dump(),
                  {.notify = [this](std::string text) { notified.push_back(Json::parse(text)); },
                   .answer =
                       [this](std::string text, int status) {
                         if (!text.empty()) answers.push_back(Json::parse(text));
                         statuses.push_back(status);
                       }});
  }
  void initialize() {
    send({{"jsonrpc", "2.0"},
          {"id", 0},
          {"method", "initialize"},
          {"params", {{"protocolVersion", "2025-11-25"}}}});
    answers.clear();
    statuses.clear();
  }
  void call(const Json& id, const std::string& tool, Json params = Json::object()) {
    params["name"] = tool;
    send({{"jsonrpc", "2.0"}, {"id", id}, {"method", "tools/call"}, {"params", params}});
  }
  void cancel(const Json& id) {
    send({{"jsonrpc", "2.0"},
          {"method", "notifications/cancelled"},
          {"params", {{"requestId", id}}}});
    statuses.clear();
  }

  std::optional<sdk::Peer> peer;
  std::vector<Json> answers;
  std::vector<Json> notified;
  std::vector<int> statuses;
};

/// A server whose one tool, `wait`, leaves its calls with the test.
struct Waiting {
  Waiting() {
    server.tool("wait", "Waits.", sdk::parameters(),
                [this](sdk::Call call) { calls.push_back(std::move(call)); });
  }
  sdk::Server server{{.name = "waiting", .version = "1"}};
  std::vector<sdk::Call> calls;
};

const Json modern_meta{{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                       {"io.modelcontextprotocol/clientCapabilities", Json::object()}};

}  // namespace

TEST_CASE("a synchronous tool receives typed arguments") {
  sdk::Server server{{.name = "s", .version = "1"}};
  server.tool("repeat", "Repeats.",
              sdk::parameters(sdk::text("what", "Text"), sdk::integer("times", "How often", 1, 3),
                              sdk::choice("join", "Between", {"", "-"}).or_else("-")),
              [](const std::string& what, std::int64_t times, const std::string& join) {
                std::string text = what;
                for (; times > 1; --times) text += join + what;
                return sdk::text_result(text);
              });
  Client client{server};
  client.initialize();

  client.call(1, "repeat", {{"arguments", {{"what", "ab"}, {"times", 2}}}});
  client.call(2, "repeat", {{"arguments", {{"what", "ab"}, {"times", 4}, {"join", "+"}}}});
  client.call(3, "repeat", {{"arguments", {{"what", "ab"}, {"times", 18446744073709551615u}}}});

  REQUIRE(client.answers.size() == 3);
  CHECK(client.answers[0]["result"]["content"][0]["text"] == "ab-ab");
  CHECK(client.answers[1]["result"]["isError"] == true);
  CHECK(client.answers[1]["result"]["content"][0]["text"] ==
        "cannot call repeat: the argument 'times' must be between 1 and 3, not 4; the argument "
        "'join' must be one of '', '-', not '+'");
  CHECK(client.answers[2]["result"]["isError"] == true);
}

TEST_CASE("an asynchronous tool answers when it can, in any order") {
  Waiting waiting;
  Client client{waiting.server};
  client.initialize();
  client.call(1, "wait");
  client.call("1", "wait");  // another id than the number
  REQUIRE(client.answers.empty());

  waiting.calls[1].answer(sdk::text_result("second"));
  waiting.calls[0].answer(sdk::text_result("first"));
  waiting.calls[0].answer(sdk::text_result("again"));

  REQUIRE(client.answers.size() == 2);
  CHECK(client.answers[0]["id"] == "1");
  CHECK(client.answers[1]["id"] == 1);
  CHECK(client.answers[1]["result"]["content"][0]["text"] == "first");
}

TEST_CASE("progress goes to the clients that asked for it, before the answer only") {
  Waiting waiting;
  Client client{waiting.server};
  client.initialize();
  client.call(1, "wait", {{"_meta", {{"progressToken", "t"}}}});
  client.call(2, "wait");

  waiting.calls[0].progress(1, 2, "half");
  waiting.calls[1].progress(1, 2, "unheard");
  waiting.calls[0].answer(sdk::text_result("done"));
  waiting.calls[0].progress(2, 2, "too late");

  REQUIRE(client.notified.size() == 1);
  CHECK(client.notified[0]["method"] == "notifications/progress");
  CHECK(client.notified[0]["params"] ==
        Json{{"progressToken", "t"}, {"progress", 1.0}, {"total", 2.0}, {"message", "half"}});
}

TEST_CASE("a cancelled call tells its tool and is never answered") {
  Waiting waiting;
  Client client{waiting.server};
  client.initialize();
  client.call(1, "wait");
  bool told = false;
  waiting.calls[0].on_cancel([&] { told = true; });

  client.cancel("1");  // another request's id
  CHECK_FALSE(told);
  client.cancel(1);
  CHECK(told);
  CHECK(waiting.calls[0].is_over());
  waiting.calls[0].answer(sdk::text_result("too late"));

  CHECK(client.answers.empty());
  CHECK(client.statuses.empty());
}

TEST_CASE("a client that leaves cancels its calls") {
  Waiting waiting;
  Client client{waiting.server};
  client.initialize();
  client.call(1, "wait");
  bool told = false;
  waiting.calls[0].on_cancel([&] { told = true; });

  client.peer.reset();

  CHECK(told);
  waiting.calls[0].answer(sdk::text_result("to nobody"));
  CHECK(client.answers.empty());
}

TEST_CASE("a call that is dropped unanswered is answered with an error") {
  Waiting waiting;
  Client client{waiting.server};
  client.initialize();
  client.call(1, "wait");

  waiting.calls.clear();

  REQUIRE(client.answers.size() == 1);
  CHECK(client.answers[0]["result"]["isError"] == true);
}

TEST_CASE("an id in use is refused, and free again after its answer") {
  Waiting waiting;
  Client client{waiting.server};
  client.initialize();
  client.call(1, "wait");
  client.call(1, "wait");
  REQUIRE(client.answers.size() == 1);
  CHECK(client.answers[0]["error"]["code"] == -32602);

  waiting.calls[0].answer(sdk::text_result("first"));
  client.call(1, "wait");

  CHECK(waiting.calls.size() == 2);
}

TEST_CASE("modern requests stand alone and carry the HTTP status of their error") {
  Waiting waiting;
  Client client{waiting.server};
  const auto status = [&](const std::string& method, const Json& meta) {
    client.send({{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", {{"_meta", meta}}}});
    return client.statuses.back();
  };
  Json no_capabilities = modern_meta;
  no_capabilities.erase("io.modelcontextprotocol/clientCapabilities");
  Json old_version = modern_meta;
  old_version["io.modelcontextprotocol/protocolVersion"] = "2025-11-25";

  CHECK(status("server/discover", modern_meta) == 200);
  CHECK(status("server/discover", no_capabilities) == 400);
  CHECK(client.answers.back()["error"]["code"] == -32602);
  CHECK(status("server/discover", old_version) == 400);
  CHECK(client.answers.back()["error"]["code"] == -32022);
  CHECK(status("initialize", modern_meta) == 404);
  CHECK(client.answers.back()["error"]["code"] == -32601);
  CHECK_FALSE(client.peer->is_initialized());
}
