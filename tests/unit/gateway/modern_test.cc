// Clients of 2026-07-28: stateless requests that are what their headers say.
#include "../http/http_fixture.h"
#include "gateway/mirrored_params.h"
#include "house.h"

using namespace mcpctl;
using namespace mcpctl::gateway;

namespace {

std::string modern_text(const std::string& id, const std::string& method,
                        const std::string& params = "") {
  return request_text(id, method, "{" + params + (params.empty() ? "" : ",") + meta + "}");
}

const std::string add = modern_text("1", "tools/call", R"("name":"add","arguments":{"a":1})");

}  // namespace

TEST_CASE("a modern request needs no session") {
  House house;
  Seen& seen = house.begin("POST", "/mcp/math", add, modern("tools/call", "add"));

  const FakeBackend::Asked& asked = house.asked();
  CHECK(asked.request.text == add);
  CHECK(asked.client->server == "math");
  CHECK(asked.client->asker.era == mcp::Era::modern);
  CHECK(asked.client->asker.revision == "2026-07-28");
  CHECK(asked.client->asker.capabilities == "{}");
  asked.respond(R"({"resultType":"complete"})");

  REQUIRE(house.until([&] { return seen.is_done; }));
  CHECK(seen.status == 200);
  CHECK(!seen.headers.find("Mcp-Session-Id"));
  CHECK(seen.body == R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}})");
  CHECK_FALSE(asked.client->is_alive);
}

TEST_CASE("server/discover is answered by the door") {
  House house;

  const Seen& seen = house.post(modern_text("9", "server/discover"), modern("server/discover"));

  CHECK(seen.status == 200);
  CHECK(holds(seen.body, R"("id":9)"));
  CHECK(holds(seen.body, "2026-07-28"));
  CHECK(house.backend.asked.empty());
}

TEST_CASE("progress comes on a stream without ids") {
  House house;
  Seen& seen = house.begin("POST", "/mcp/math", add, modern("tools/call", "add"));

  house.asked().sink->on_message(R"({"p":1})");
  house.asked().respond("{}");

  REQUIRE(house.until([&] { return seen.is_done; }));
  REQUIRE(seen.events.size() == 2);
  CHECK(seen.events[0].data == R"({"p":1})");
  CHECK(seen.events[0].id.empty());
}

TEST_CASE("to go away is to cancel") {
  House house;
  Seen& seen = house.begin("POST", "/mcp/math", add, modern("tools/call", "add"));
  const FakeBackend::Asked& asked = house.asked();

  seen.call = {};

  REQUIRE(house.until([&] { return !asked.is_alive && !asked.client->is_alive; }));
  CHECK(house.door->occupancy().in_flight == 0);
}

TEST_CASE("clients without sessions and tokens have no more under way than their address may") {
  config::Gateway config;
  config.max_in_flight = 2;
  House house{config};
  const auto begin = [&](const std::string& id, const std::string& method) -> Seen& {
    return house.begin("POST", "/mcp/math", request_text(id, method, '{' + meta + '}'),
                       modern(method));
  };
  begin("1", "subscriptions/listen");
  Seen& leaving = begin("2", "tools/list");
  begin("3", "tools/list");
  house.asked(3);

  const Seen& refused = begin("4", "tools/list");
  REQUIRE(house.until([&] { return refused.is_done; }));
  CHECK(refused.status == 429);
  CHECK(refused.body.find("-32003") != std::string::npos);
  CHECK(refused.body.find(R"("id":4)") != std::string::npos);

  // Another address has its own count, a session too, and there is room again once one is over.
  http::RawClient neighbour{house.door->address(), *loop::Address::ip("127.0.0.2", 0)};
  neighbour.send(
      raw_request("POST", modern("tools/list"), request_text("5", "tools/list", '{' + meta + '}')));
  house.asked(4);
  house.begin("POST", "/mcp/math", request_text("6", "tools/call"), house.initialize());
  house.asked(5);
  leaving.call = {};
  REQUIRE(house.until([&] { return house.door->occupancy().in_flight == 4; }));
  begin("7", "tools/list");
  house.asked(6);
}

TEST_CASE("a request must be what its headers say") {
  House house;
  const auto code_of = [&](const std::string& text, const http::Headers& headers) {
    const Seen& seen = house.post(text, headers);
    CHECK(seen.status == 400);
    const auto envelope = mcp::scan(seen.body);
    REQUIRE(envelope);
    CHECK(envelope->id.in(seen.body) == "1");
    return mcp::integer_value(envelope->error_code.in(seen.body)).value_or(0);
  };
  const http::Headers good = modern("tools/call", "add");
  const auto with = [&](const std::string& name, const std::string& value) {
    http::Headers headers = good;
    headers.set(name, value);
    return headers;
  };
  const auto without = [&](const std::string& name) {
    http::Headers headers = good;
    headers.remove(name);
    return headers;
  };

  CHECK(code_of(add, with("Mcp-Method", "tools/list")) == -32020);
  CHECK(code_of(add, with("Mcp-Method", "TOOLS/CALL")) == -32020);
  CHECK(code_of(add, without("Mcp-Method")) == -32020);
  CHECK(code_of(add, with("Mcp-Name", "sub")) == -32020);
  CHECK(code_of(add, with("Mcp-Name", "=?base64?YWRk!?=")) == -32020);
  CHECK(code_of(add, without("Mcp-Name")) == -32020);
  CHECK(code_of(add, without("MCP-Protocol-Version")) == -32020);
  CHECK(code_of(add, with("MCP-Protocol-Version", "2025-11-25")) == -32020);
  CHECK(code_of(request_text("1", "tools/call", R"({"name":"add"})"), good) == -32602);
  CHECK(code_of(request_text("1", "tools/call",
                             R"({"name":"add","_meta":{)"
                             R"("io.modelcontextprotocol/protocolVersion":"2026-07-28"}})"),
                good) == -32602);
  CHECK(code_of(request_text("1", "tools/call", R"({"name":5,)" + meta + '}'),
                with("Mcp-Name", "5")) == -32602);
  CHECK(house.backend.asked.empty());

  house.begin("POST", "/mcp/math", add, with("Mcp-Name", "=?base64?YWRk?="));
  house.asked(1);
  house.begin("POST", "/mcp/math", add, with("mcp-method", "tools/call"));
  house.asked(2);
}

TEST_CASE("who asks of tasks must have declared that it knows them") {
  House house;
  const auto text = [](const std::string& method, const std::string& params,
                       const std::string& capabilities) {
    return request_text("1", method,
                        "{" + params +
                            R"(,"_meta":{)"
                            R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                            R"("io.modelcontextprotocol/clientCapabilities":)" +
                            capabilities + "}}");
  };
  const std::string about = R"("taskId":"t")";
  const std::string listen = R"("notifications":{"taskIds":["t"]})";
  const auto refused = [&](const std::string& method, const std::string& params,
                           const std::string& name) {
    const Seen& seen = house.post(text(method, params, "{}"), modern(method, name));
    return seen.status == 400 && holds(seen.body, R"("code":-32021)") &&
           holds(seen.body, R"("data":{"requiredCapabilities":)"
                            R"({"extensions":{"io.modelcontextprotocol/tasks":{}}}})");
  };
  CHECK(refused("tasks/get", about, "t"));
  CHECK(refused("tasks/update", about, "t"));
  CHECK(refused("tasks/cancel", about, "t"));
  CHECK(refused("subscriptions/listen", listen, ""));

  const std::string knowing = R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})";
  CHECK(house.post(text("tasks/get", about, knowing), modern("tasks/get", "u")).status == 400);
  CHECK(house.backend.asked.empty());
  house.begin("POST", "/mcp/math", text("tasks/get", about, knowing), modern("tasks/get", "t"));
  house.asked(1);
  house.begin("POST", "/mcp/math", text("subscriptions/listen", listen, knowing),
              modern("subscriptions/listen"));
  house.asked(2);
}

TEST_CASE("an unknown revision is told which ones there are") {
  House house;
  http::Headers headers = modern("tools/list");
  headers.set("MCP-Protocol-Version", "v999.0.0");

  const Seen& seen =
      house.post(request_text("1", "tools/list",
                              R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"v999.0.0",)"
                              R"("io.modelcontextprotocol/clientCapabilities":{}}})"),
                 headers);

  CHECK(seen.status == 400);
  CHECK(holds(seen.body, R"("code":-32022)"));
  CHECK(holds(seen.body, R"("supported":["2026-07-28"])"));
  CHECK(holds(seen.body, R"("requested":"v999.0.0")"));
}

TEST_CASE("errors of the server have their HTTP status") {
  House house;
  const auto status_after = [&](int code) {
    Seen& seen = house.begin("POST", "/mcp/math", add, modern("tools/call", "add"));
    house.asked(house.backend.asked.size() + 1).fail(code);
    REQUIRE(house.until([&] { return seen.is_done; }));
    return seen.status;
  };

  CHECK(status_after(-32601) == 404);
  CHECK(status_after(-32021) == 400);
  CHECK(status_after(-32602) == 200);
  CHECK(status_after(-32000) == 200);
}

TEST_CASE("what the revision has removed is not found") {
  House house;
  for (const std::string method :
       {"initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"}) {
    CAPTURE(method);
    const Seen& seen = house.post(modern_text("7", method), modern(method));
    CHECK(seen.status == 404);
    CHECK(holds(seen.body, R"("id":7)"));
    CHECK(holds(seen.body, "-32601"));
  }
  http::Headers headers = both;
  headers.set("MCP-Protocol-Version", "2026-07-28");
  CHECK(house.send("GET", "/mcp/math", "", headers).status == 405);
  CHECK(house.send("DELETE", "/mcp/math", "", headers).headers.get("Allow") == "POST");
  CHECK(house.post(R"({"jsonrpc":"2.0","id":1,"result":{}})", headers).status == 400);
}

TEST_CASE("what a call repeats in headers goes with it") {
  House house;
  http::Headers headers = modern("tools/call", "add");
  headers.set("mcp-param-Region", "=?base64?SGVsbG8=?=");
  headers.set("Mcp-Parameter", "no");
  house.begin("POST", "/mcp/math", add, headers);
  CHECK(house.asked(1).client->asker.mirrored ==
        relay::Mirrored{{"mcp-param-Region", "=?base64?SGVsbG8=?="}});
  headers.set("Mcp-Method", "tools/list");
  house.begin("POST", "/mcp/math", modern_text("1", "tools/list"), headers);
  CHECK(house.asked(2).client->asker.mirrored.empty());
}

TEST_CASE("the trace in a request's headers goes with it") {
  House house;
  http::Headers headers = modern("tools/call", "add");
  house.begin("POST", "/mcp/math", add, headers);
  CHECK(house.asked(1).request.trace.empty());

  headers.set("Traceparent", "00-a-b-01");
  headers.set("tracestate", "x=1");
  house.begin("POST", "/mcp/math", add, headers);
  CHECK(house.asked(2).request.trace ==
        relay::Mirrored{{"traceparent", "00-a-b-01"}, {"tracestate", "x=1"}});

  http::Headers session = house.initialize();
  session.set("traceparent", "00-c-d-01");
  house.begin("POST", "/mcp/math", request_text("1", "tools/list"), session);
  CHECK(house.asked(3).request.trace == relay::Mirrored{{"traceparent", "00-c-d-01"}});
}

TEST_CASE("a subscription ends properly when the door closes") {
  House house;
  Seen& seen = house.begin("POST", "/mcp/math", modern_text("\"s\"", "subscriptions/listen"),
                           modern("subscriptions/listen"));
  house.asked().sink->on_message(R"({"ack":1})");
  REQUIRE(house.until([&] { return !seen.events.empty(); }));

  house.door->leave();

  REQUIRE(house.until([&] { return seen.is_done; }));
  CHECK_FALSE(seen.is_broken);
  CHECK(seen.events.back().data ==
        R"({"jsonrpc":"2.0","id":"s","result":{"resultType":"complete","_meta":)"
        R"({"io.modelcontextprotocol/subscriptionId":"s"}}})");
  CHECK_FALSE(house.asked().is_alive);
}

TEST_CASE("a subscriber that does not read is dropped and cancelled") {
  config::Gateway config;
  config.max_body = 64 * 1024;
  House house{config};
  Seen& seen = house.begin("POST", "/mcp/math", modern_text("1", "subscriptions/listen"),
                           modern("subscriptions/listen"));
  FakeBackend::Asked& asked = house.asked();
  asked.sink->on_message(R"({"ack":1})");
  REQUIRE(house.until([&] { return !seen.events.empty(); }));
  seen.call.pause();

  const std::string large = R"({"x":")" + std::string(1024 * 1024, 'x') + "\"}";
  for (int i = 0; i < 16 && asked.is_alive; ++i) {
    asked.sink->on_message(large);
    house.loop.run_ready();
  }

  CHECK_FALSE(asked.is_alive);
}
