#include "runtime/http_transport.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "http/server.h"
#include "loop/address.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using mcpctl::testing::poll_until;
using mcpctl::testing::turn_for;

namespace {

/// An HTTP server that is told what to answer, and a transport that talks to it.
struct Wire {
  Wire()
      : server(loop, [this](http::Exchange exchange) {
          requests.push_back(exchange.request());
          answer(std::move(exchange));
        }) {
    REQUIRE(server.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
    url = "http://127.0.0.1:" + std::to_string(server.address().port()) + "/mcp";
    open(url);
  }

  void open(const std::string& where) {
    transport.emplace(
        loop, where, config::Variables{{"Authorization", "Bearer abc"}},
        HttpTransport::Callbacks{
            [this](std::string_view message) { messages.emplace_back(message); },
            [this](std::uint64_t id, const std::string& why) { failures.emplace_back(id, why); },
            [this](std::uint64_t id, const std::string& why) { unsent.emplace_back(id, why); }});
  }

  void send(std::string_view method, std::uint64_t id, Duration timeout = Duration{5'000}) {
    transport->send({R"({"jsonrpc":"2.0"})", method, id, "2025-11-25"}, timeout);
  }

  bool until(const std::function<bool()>& condition) { return poll_until(loop, condition); }

  loop::Loop loop;
  std::function<void(http::Exchange)> answer = [](http::Exchange exchange) {
    exchange.respond(200, "application/json", R"({"result":{}})");
  };
  std::vector<http::Request> requests;
  std::vector<std::string> messages;
  std::vector<std::pair<std::uint64_t, std::string>> failures, unsent;
  std::string url;
  http::Server server;
  std::optional<HttpTransport> transport;
};

}  // namespace

TEST_CASE("a message is a POST with the headers of the transport and of the user") {
  Wire wire;

  wire.send("tools/list", 7);

  REQUIRE(wire.until([&] { return !wire.messages.empty(); }));
  CHECK(wire.messages.front() == R"({"result":{}})");
  const http::Request& request = wire.requests.at(0);
  CHECK(request.method == "POST");
  CHECK(request.path == "/mcp");
  CHECK(request.headers.get("Content-Type") == "application/json");
  CHECK(request.headers.get("Accept") == "application/json, text/event-stream");
  CHECK(request.headers.get("MCP-Protocol-Version") == "2025-11-25");
  CHECK(request.headers.get("Mcp-Method") == "tools/list");
  CHECK(request.headers.get("Authorization") == "Bearer abc");
  CHECK(!request.headers.find("Mcp-Session-Id"));
}

TEST_CASE("the session of initialize comes with every later message, until the server forgot it") {
  Wire wire;
  wire.answer = [](http::Exchange exchange) {
    exchange.respond(
        {200, {{"Content-Type", "application/json"}, {"Mcp-Session-Id", "s-1"}}, "{}"});
  };

  wire.send("initialize", 1);
  REQUIRE(wire.until([&] { return wire.messages.size() == 1; }));
  wire.answer = [](http::Exchange exchange) { exchange.respond(404, "text/plain", "gone"); };
  wire.send("ping", 2);
  REQUIRE(wire.until([&] { return wire.failures.size() == 2; }));
  wire.send("ping", 3);
  REQUIRE(wire.until([&] { return wire.requests.size() == 3; }));

  CHECK(!wire.requests[0].headers.find("Mcp-Session-Id"));
  CHECK(wire.requests[1].headers.get("Mcp-Session-Id") == "s-1");
  CHECK(!wire.requests[2].headers.find("Mcp-Session-Id"));
  CHECK(wire.failures[1] == std::pair<std::uint64_t, std::string>{2, "HTTP status 404"});
}

TEST_CASE("a session is ended with DELETE, once, and the next conversation opens its own") {
  Wire wire;
  wire.answer = [](http::Exchange exchange) {
    if (exchange.request().method == "DELETE") return exchange.respond(405, "text/plain", "");
    exchange.respond(
        {200, {{"Content-Type", "application/json"}, {"Mcp-Session-Id", "s-1"}}, "{}"});
  };
  wire.send("initialize", 1);
  REQUIRE(wire.until([&] { return wire.messages.size() == 1; }));

  wire.transport->end_session();
  wire.transport->end_session();
  wire.send("initialize", 2);
  REQUIRE(wire.until([&] { return wire.messages.size() == 2; }));
  REQUIRE(wire.until([&] { return wire.requests.size() == 3; }));

  const auto farewell =
      std::ranges::find(wire.requests, std::string{"DELETE"}, &http::Request::method);
  REQUIRE(farewell != wire.requests.end());
  CHECK(farewell->path == "/mcp");
  CHECK(farewell->headers.get("Mcp-Session-Id") == "s-1");
  CHECK(farewell->headers.get("MCP-Protocol-Version") == "2025-11-25");
  CHECK(farewell->headers.get("Authorization") == "Bearer abc");
  CHECK(farewell->body.empty());
  for (const http::Request& request : wire.requests) {
    if (request.method == "POST") CHECK(!request.headers.find("Mcp-Session-Id"));
  }
}

TEST_CASE("without a session there is no farewell, and no connection stays open") {
  Wire wire;
  wire.send("server/discover", 1);
  REQUIRE(wire.until([&] { return wire.failures.size() == 1; }));
  REQUIRE(wire.server.connections() == 1);

  wire.transport->end_session();

  CHECK(wire.until([&] { return wire.server.connections() == 0; }));
  CHECK(wire.requests.size() == 1);
}

TEST_CASE("a farewell that nobody answers holds up neither messages nor the end") {
  Wire wire;
  std::vector<http::Exchange> held;
  wire.answer = [&](http::Exchange exchange) {
    if (exchange.request().method == "DELETE") return held.push_back(std::move(exchange));
    exchange.respond(
        {200, {{"Content-Type", "application/json"}, {"Mcp-Session-Id", "s-1"}}, "{}"});
  };
  wire.send("initialize", 1);
  REQUIRE(wire.until([&] { return wire.messages.size() == 1; }));

  wire.transport->end_session();
  REQUIRE(wire.until([&] { return held.size() == 1; }));
  wire.send("ping", 2);
  REQUIRE(wire.until([&] { return wire.messages.size() == 2; }));
  wire.transport.reset();

  turn_for(wire.loop, Duration{50});
  CHECK(held.size() == 1);
  CHECK(wire.failures.size() == 2);  // answers that were no responses
}

TEST_CASE("every event of a stream is a message") {
  Wire wire;
  wire.answer = [](http::Exchange exchange) {
    exchange.begin(200, {{"Content-Type", "text/event-stream"}});
    exchange.write("data: {\"a\":1}\n\ndata:\n\ndata: {\"b\":2}\n\n");
    exchange.finish();
  };

  wire.send("tools/list", 1);

  REQUIRE(wire.until([&] { return wire.messages.size() == 2; }));
  CHECK(wire.messages[0] == R"({"a":1})");
  CHECK(wire.messages[1] == R"({"b":2})");
}

TEST_CASE("an error status hands on its JSON-RPC error before it counts as failed") {
  Wire wire;
  wire.answer = [](http::Exchange exchange) {
    exchange.respond(400, "application/json; charset=utf-8", R"({"error":{}})");
  };

  wire.send("server/discover", 4);

  REQUIRE(wire.until([&] { return !wire.failures.empty(); }));
  CHECK(wire.messages.size() == 1);
  CHECK(wire.failures[0].first == 4);
}

TEST_CASE("an answer without a message, or none in time, fails the request") {
  Wire wire;
  std::optional<http::Exchange> held;

  wire.answer = [](http::Exchange exchange) { exchange.respond(202, "text/plain", ""); };
  wire.send("ping", 1);
  REQUIRE(wire.until([&] { return wire.failures.size() == 1; }));
  CHECK(wire.failures[0].second == "the answer has no JSON-RPC response");

  wire.answer = [&](http::Exchange exchange) { held.emplace(std::move(exchange)); };
  wire.send("ping", 2, Duration{50});
  REQUIRE(wire.until([&] { return wire.failures.size() == 2; }));
  CHECK(wire.failures[1].first == 2);
}

TEST_CASE("an accepted notification is nobody's failure") {
  Wire wire;
  wire.answer = [](http::Exchange exchange) { exchange.respond(202, "text/plain", ""); };

  wire.send("notifications/initialized", 0);

  REQUIRE(wire.until([&] { return wire.requests.size() == 1; }));
  turn_for(wire.loop, Duration{50});
  CHECK(wire.failures.empty());
}

TEST_CASE("a URL that is none, and a server that is not there, are told from the loop") {
  Wire wire;

  wire.open("nonsense");
  wire.send("ping", 1);
  wire.send("ping", 2);
  CHECK(wire.unsent.empty());
  REQUIRE(wire.until([&] { return wire.unsent.size() == 2; }));

  wire.open("http://127.0.0.1:1/");
  wire.send("ping", 3);
  CHECK(wire.until([&] { return wire.unsent.size() == 3; }));
  CHECK(wire.failures.empty());
}

TEST_CASE("what is given up is not told of any more") {
  Wire wire;
  std::optional<http::Exchange> held;
  wire.answer = [&](http::Exchange exchange) { held.emplace(std::move(exchange)); };

  wire.send("ping", 1, Duration{50});
  REQUIRE(wire.until([&] { return held.has_value(); }));
  wire.transport->abandon();

  turn_for(wire.loop, Duration{100});
  CHECK(wire.failures.empty());
}
