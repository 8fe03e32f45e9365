#include "cli/bridge.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "http/server.h"
#include "loop/address.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::cli;
using mcpctl::testing::poll_until;

namespace {

/// A door that keeps what it was sent and answers as a small legacy server, or a
/// modern one.
struct Door {
  explicit Door(loop::Loop& loop)
      : server(loop, [this](http::Exchange exchange) { answer(std::move(exchange)); }) {
    REQUIRE(server.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
  }
  void answer(http::Exchange exchange) {
    const http::Request& request = exchange.request();
    seen.push_back(request);
    if (request.method == "DELETE") return exchange.respond(204, "text/plain", "");
    if (request.method == "GET") return exchange.respond(405, "text/plain", "");
    const std::string& body = request.body;
    if (body.find("initialize\"") != std::string::npos) {
      http::Response response{200,
                              {{"Content-Type", "application/json"}, {"Mcp-Session-Id", "s1"}},
                              R"({"jsonrpc":"2.0","id":"i","result":)"
                              R"({"protocolVersion":"2025-06-18","capabilities":{}}})"};
      return exchange.respond(std::move(response));
    }
    if (body.find("\"notifications/") != std::string::npos) {
      return exchange.respond(202, "text/plain", "");
    }
    if (body.find("\"refused\"") != std::string::npos) {
      return exchange.respond(
          400, "application/json",
          R"({"jsonrpc":"2.0","id":null,"error":{"code":-32020,"message":"no"}})");
    }
    if (body.find("\"hang\"") != std::string::npos)
      return hanging.emplace(std::move(exchange)), void();
    exchange.respond(200, "text/event-stream",
                     "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n"
                     "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n\n");
  }

  std::vector<http::Request> seen;
  std::optional<http::Exchange> hanging;
  http::Server server;
};

struct Bridged {
  Bridged()
      : door(loop),
        bridge(loop,
               *http::parse_url("http://127.0.0.1:" + std::to_string(door.server.address().port()) +
                                "/mcp/x"),
               {{"Authorization", "Bearer t"}},
               [this](std::string_view text) { written.emplace_back(text); }) {}
  bool until(const std::function<bool()>& condition) { return poll_until(loop, condition); }
  bool ends() {
    bridge.finish([this] { ended = true; });
    return until([this] { return ended; });
  }

  loop::Loop loop;
  Door door;
  std::vector<std::string> written;
  bool ended{false};
  Bridge bridge;
};

const std::string initialize = R"({"jsonrpc":"2.0","id":"i","method":"initialize","params":{}})";
const std::string initialized = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
const std::string call = R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t"}})";

}  // namespace

TEST_CASE("a legacy client that writes everything at once gets its session first") {
  Bridged b;

  for (const std::string& line : {initialize, initialized, call}) b.bridge.take(line);
  REQUIRE(b.until([&] { return b.written.size() == 3; }));

  CHECK(b.written[1].find("progress") != std::string::npos);
  CHECK(b.written[2].find("\"id\":7") != std::string::npos);
  CHECK(b.door.seen[0].headers.get("Mcp-Session-Id").empty());
  CHECK(b.door.seen[0].headers.get("Authorization") == "Bearer t");
  const http::Request& called = b.door.seen.back();
  CHECK(called.headers.get("Mcp-Session-Id") == "s1");
  CHECK(called.headers.get("MCP-Protocol-Version") == "2025-06-18");
  CHECK(b.ends());
  CHECK(b.door.seen.back().method == "DELETE");
}

TEST_CASE("a modern request carries its headers and needs no session") {
  Bridged b;

  b.bridge.take(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t","_meta":)"
                R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})");
  REQUIRE(b.until([&] { return b.written.size() == 2; }));

  const http::Headers& headers = b.door.seen.at(0).headers;
  CHECK(headers.get("MCP-Protocol-Version") == "2026-07-28");
  CHECK(headers.get("Mcp-Method") == "tools/call");
  CHECK(headers.get("Mcp-Name") == "t");
  CHECK(b.ends());
  CHECK(b.door.seen.size() == 1);
}

TEST_CASE("a modern request about a task carries the task's id as its name") {
  Bridged b;

  b.bridge.take(
      R"({"jsonrpc":"2.0","id":7,"method":"tasks/get","params":{"taskId":"math__t","_meta":)"
      R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})");
  REQUIRE(b.until([&] { return !b.door.seen.empty(); }));

  CHECK(b.door.seen[0].headers.get("Mcp-Method") == "tasks/get");
  CHECK(b.door.seen[0].headers.get("Mcp-Name") == "math__t");
  CHECK(b.ends());
}

TEST_CASE("only what the revision names is repeated in a header, as headers can hold it") {
  Bridged b;
  const auto asks = [&](const std::string& method, const std::string& params) {
    b.bridge.take(R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":{)" + params +
                  R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})");
    const std::size_t seen = b.door.seen.size();
    REQUIRE(b.until([&] { return b.door.seen.size() > seen; }));
    return std::optional<std::string>{b.door.seen.back().headers.find("Mcp-Name")};
  };

  CHECK(asks("resources/read", R"("uri":"a:\u00fc\n")").value_or("") == "=?base64?YTrDvAo=?=");
  CHECK_FALSE(asks("resources/list", R"("uri":"a:b")").has_value());
  CHECK_FALSE(asks("x/y", R"("name":"z")").has_value());
  CHECK(b.ends());
}

TEST_CASE("an error of the door's own comes back with the client's id") {
  Bridged b;

  b.bridge.take(R"({"jsonrpc":"2.0","id":"q","method":"refused"})");
  REQUIRE(b.until([&] { return !b.written.empty(); }));

  CHECK(b.written[0] == R"({"jsonrpc":"2.0","id":"q","error":{"code":-32020,"message":"no"}})");
  CHECK(b.ends());
}

TEST_CASE("a line that is no JSON is answered as JSON-RPC says") {
  Bridged b;

  b.bridge.take("hello");

  REQUIRE(b.written.size() == 1);
  CHECK(b.written[0].find(R"("id":null,"error":{"code":-32700)") != std::string::npos);
  CHECK(b.ends());
}

TEST_CASE("an unreachable door is an answer, too") {
  loop::Loop loop;
  std::vector<std::string> written;
  Bridge bridge{loop, *http::parse_url("http://127.0.0.1:1/mcp/x"), {}, [&](std::string_view text) {
                  written.emplace_back(text);
                }};

  bridge.take(call);

  REQUIRE(poll_until(loop, [&] { return !written.empty(); }));
  CHECK(written[0].find(R"("id":7,"error":{"code":-32000,"message":"cannot POST)") !=
        std::string::npos);
}

TEST_CASE("a modern client's cancellation gives up the request, and the end waits no longer") {
  Bridged b;
  b.bridge.take(R"({"jsonrpc":"2.0","id":9,"method":"hang"})");
  REQUIRE(b.until([&] { return b.door.hanging.has_value(); }));

  b.bridge.take(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})");

  CHECK(b.ends());
  CHECK(b.written.empty());
}
