// Clients of the revisions up to 2025-11-25: sessions, streams, coming back.
#include "config/sha256.h"
#include "house.h"

using namespace mcpctl;
using namespace mcpctl::gateway;

namespace {

const std::string call = request_text("1", "tools/call", R"({"name":"add"})");
const std::string progress =
    R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}})";

http::Headers with(http::Headers headers, const std::string& name, const std::string& value) {
  headers.set(name, value);
  return headers;
}

}  // namespace

TEST_CASE("a client shakes hands, works and leaves") {
  House house;

  const http::Headers session = house.initialize();
  CHECK(session.get("Mcp-Session-Id").size() == 32);
  CHECK(house.seen.back().headers.get("Content-Type") == "application/json");
  CHECK(holds(house.seen.back().body, R"("protocolVersion":"2025-11-25")"));
  CHECK(house.backend.clients.back().asker.capabilities == R"({"roots":{}})");

  CHECK(house.post(R"({"jsonrpc":"2.0","method":"notifications/initialized"})", session).status ==
        202);
  Seen& listed = house.begin("POST", "/mcp/math", request_text("\"a\"", "tools/list"), session);
  house.asked().respond(R"({"tools":[]})");
  REQUIRE(house.until([&] { return listed.is_done; }));
  CHECK(listed.status == 200);
  CHECK(listed.body == R"({"jsonrpc":"2.0","id":"a","result":{"tools":[]}})");
  CHECK(house.post(request_text("2", "ping"), session).body ==
        R"({"jsonrpc":"2.0","id":2,"result":{}})");

  CHECK(house.send("DELETE", "/mcp/math", "", session).status == 204);
  CHECK_FALSE(house.backend.clients.back().is_alive);
  CHECK(house.post(request_text("3", "ping"), session).status == 404);
}

TEST_CASE("a session is found by its id, at its own server only") {
  House house;
  const http::Headers session = house.initialize();

  CHECK(house.post(request_text("1", "ping")).status == 400);
  CHECK(house.post(request_text("1", "ping"), with(both, "Mcp-Session-Id", "x")).status == 404);
  CHECK(house.post(request_text("1", "ping"), with(both, "Mcp-Session-Id", std::string(32, '0')))
            .status == 404);
  CHECK(house.send("POST", "/mcp/weather", request_text("1", "ping"), session).status == 404);
  CHECK(house.send("GET", "/mcp/math", "", both).status == 400);
  CHECK(house.send("DELETE", "/mcp/math", "", both).status == 400);
  CHECK(house.post(request_text("1", "ping"), session).status == 200);
}

TEST_CASE("the revision is agreed with each client") {
  House house;
  const auto agreed = [&](const std::string& wanted) {
    house.initialize(wanted);
    return std::string{house.backend.clients.back().asker.revision};
  };

  CHECK(agreed("2024-11-05") == "2024-11-05");
  CHECK(agreed("2025-06-18") == "2025-06-18");
  CHECK(agreed("2099-01-01") == "2025-11-25");
  CHECK(agreed("2026-07-28") == "2025-11-25");

  const http::Headers session = house.initialize("2025-06-18");
  CHECK(house.post(request_text("1", "ping"), with(session, "MCP-Protocol-Version", "1999-01-01"))
            .status == 400);
}

TEST_CASE("a server that cannot be had is said at once, and opens no session") {
  House house;
  house.backend.profile = failure("math has failed: exit code 1");

  const Seen& answer = house.post(
      request_text("0", "initialize", R"({"protocolVersion":"2025-11-25","capabilities":{}})"));

  CHECK(answer.status == 200);
  CHECK(holds(answer.body, "math has failed: exit code 1"));
  CHECK(!answer.headers.find("Mcp-Session-Id"));
  CHECK(house.door->occupancy().sessions == 0);
}

TEST_CASE("what comes before the response makes a stream, with ids to come back with") {
  House house;
  const http::Headers session = house.initialize();
  Seen& seen = house.begin("POST", "/mcp/math", call, session);

  house.asked().sink->on_message(progress);
  house.asked().respond("{}");
  REQUIRE(house.until([&] { return seen.is_done; }));

  CHECK(seen.headers.get("Content-Type") == "text/event-stream");
  CHECK(seen.headers.get("X-Accel-Buffering") == "no");
  REQUIRE(seen.events.size() >= 2);
  CHECK(seen.events.end()[-2].data == progress);
  CHECK(seen.events.end()[-2].id == "1-1");
  CHECK(seen.events.back().data == R"({"jsonrpc":"2.0","id":1,"result":{}})");
  CHECK(seen.events.back().id == "1-2");
}

TEST_CASE("a slow answer begins as a stream that is primed") {
  House house;
  const http::Headers session = house.initialize();
  Seen& seen = house.begin("POST", "/mcp/math", call, session);
  house.asked();

  REQUIRE(house.until([&] { return seen.status != 0; }));

  CHECK(seen.headers.get("Content-Type") == "text/event-stream");
  REQUIRE(house.until([&] { return !seen.events.empty(); }));
  CHECK(seen.events[0].id == "1-0");
  CHECK(seen.events[0].data.empty());
  CHECK(house.asked().is_alive);
}

TEST_CASE("a client of an older revision gets no event without data") {
  House house;
  const http::Headers session = house.initialize("2025-06-18");
  Seen& seen = house.begin("POST", "/mcp/math", call, session);

  house.asked().sink->on_message(progress);
  REQUIRE(house.until([&] { return !seen.events.empty(); }));

  CHECK(seen.events[0].data == progress);
}

TEST_CASE("a lost connection cancels nothing, and what was missed is got later") {
  House house;
  const http::Headers session = house.initialize();
  Seen& lost = house.begin("POST", "/mcp/math", call, session);
  FakeBackend::Asked& asked = house.asked();
  asked.sink->on_message(progress);
  REQUIRE(house.until([&] { return lost.data(1) == progress; }));
  lost.call = {};
  REQUIRE(house.until([&] { return house.door->occupancy().connections == 0; }));

  asked.sink->on_message(R"({"second":1})");
  CHECK(asked.is_alive);
  Seen& resumed = house.begin("GET", "/mcp/math", "", with(session, "Last-Event-ID", "1-1"));
  REQUIRE(house.until([&] { return resumed.events.size() == 2; }));
  CHECK(resumed.data(1) == R"({"second":1})");
  asked.respond("{}");
  REQUIRE(house.until([&] { return resumed.is_done; }));
  CHECK(resumed.events.back().id == "1-3");

  // And once more, when all is over.
  const Seen& again = house.send("GET", "/mcp/math", "", with(session, "Last-Event-ID", "1-2"));
  CHECK(again.events.back().data == R"({"jsonrpc":"2.0","id":1,"result":{}})");
  CHECK(house.send("GET", "/mcp/math", "", with(session, "Last-Event-ID", "9-1")).status == 400);
  CHECK(house.send("GET", "/mcp/math", "", with(session, "Last-Event-ID", "zz")).status == 400);
}

TEST_CASE("another session cannot come back for one's events") {
  House house;
  const http::Headers mine = house.initialize();
  Seen& seen = house.begin("POST", "/mcp/math", call, mine);
  house.asked().sink->on_message(progress);
  house.asked().respond("{}");
  REQUIRE(house.until([&] { return seen.is_done; }));

  const http::Headers other = house.initialize();

  CHECK(house.send("GET", "/mcp/math", "", with(other, "Last-Event-ID", "1-0")).status == 400);
}

TEST_CASE("what belongs to no call comes on the session's own stream") {
  House house;
  const http::Headers session = house.initialize();
  DownstreamSink& sink = *house.backend.clients.back().sink;
  sink.on_message(R"({"early":1})");

  Seen& own = house.begin("GET", "/mcp/math", "", session);
  REQUIRE(house.until([&] { return own.data(1) == R"({"early":1})"; }));
  sink.on_message(R"({"later":1})");
  REQUIRE(house.until([&] { return own.data(2) == R"({"later":1})"; }));
  own.call = {};
  REQUIRE(house.until([&] { return house.door->occupancy().connections == 0; }));
  sink.on_message(R"({"missed":1})");
  Seen& back = house.begin("GET", "/mcp/math", "", with(session, "Last-Event-ID", "0-2"));

  REQUIRE(house.until([&] { return back.data(1) == R"({"missed":1})"; }));
}

TEST_CASE("a second own stream takes the first one's place") {
  House house;
  const http::Headers session = house.initialize();
  Seen& first = house.begin("GET", "/mcp/math", "", session);
  REQUIRE(house.until([&] { return first.status == 200; }));

  Seen& second = house.begin("GET", "/mcp/math", "", session);

  REQUIRE(house.until([&] { return first.is_done && second.status == 200; }));
  house.backend.clients.back().sink->on_message(R"({"n":1})");
  REQUIRE(house.until([&] { return second.data(1) == R"({"n":1})"; }));
}

TEST_CASE("a client takes back its request") {
  House house;
  const http::Headers session = house.initialize();
  Seen& seen = house.begin("POST", "/mcp/math", call, session);
  FakeBackend::Asked& asked = house.asked();

  CHECK(house
            .post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":)"
                  R"({"requestId":1,"reason":"enough"}})",
                  session)
            .status == 202);

  CHECK(asked.was_cancelled);
  CHECK(asked.cancelled == R"("enough")");
  CHECK_FALSE(asked.is_alive);
  REQUIRE(house.until([&] { return seen.is_done; }));
  CHECK(house.backend.clients.back().notified.empty());
}

TEST_CASE("another client's request of the same id is not taken back") {
  House house;
  const http::Headers mine = house.initialize();
  house.begin("POST", "/mcp/math", call, mine);
  FakeBackend::Asked& asked = house.asked();
  const http::Headers other = house.initialize();

  house.post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})",
             other);
  house.post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1"}})",
             mine);

  CHECK_FALSE(asked.was_cancelled);
  CHECK(asked.is_alive);
}

TEST_CASE("notifications, answers and log levels go on to the server") {
  House house;
  const http::Headers session = house.initialize();
  const std::string roots = R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})";
  const std::string answer = R"({"jsonrpc":"2.0","id":77,"result":{"roots":[]}})";

  CHECK(house.post(roots, session).status == 202);
  CHECK(house.post(answer, session).status == 202);
  CHECK(house.post(request_text("5", "logging/setLevel", R"({"level":"warning"})"), session).body ==
        R"({"jsonrpc":"2.0","id":5,"result":{}})");
  CHECK(
      holds(house.post(request_text("6", "logging/setLevel", R"({"level":"loud"})"), session).body,
            "-32602"));

  const FakeBackend::Client& client = house.backend.clients.back();
  CHECK(client.notified == std::vector<std::string>{roots});
  CHECK(client.answered == std::vector<std::string>{answer});
  CHECK(client.levels == std::vector<std::string>{"warning"});
}

TEST_CASE("batches belong to one revision") {
  House house;
  const std::string batch = "[" + request_text("1", "tools/list") + "," +
                            request_text("2", "ping") + "," + request_text("3", "tools/call") + "]";

  CHECK(house.post(batch, house.initialize("2025-06-18")).status == 400);
  CHECK(house.post(batch, house.initialize("2025-11-25")).status == 400);
  const http::Headers session = house.initialize("2025-03-26");
  Seen& seen = house.begin("POST", "/mcp/math", batch, session);
  house.asked(2).respond(R"({"late":1})");
  house.asked(1).respond(R"({"tools":[]})");

  REQUIRE(house.until([&] { return seen.is_done; }));
  REQUIRE(seen.events.size() == 3);
  CHECK(seen.data(0) == R"({"jsonrpc":"2.0","id":2,"result":{}})");
  CHECK(seen.data(1) == R"({"jsonrpc":"2.0","id":3,"result":{"late":1}})");
  CHECK(seen.data(2) == R"({"jsonrpc":"2.0","id":1,"result":{"tools":[]}})");
  CHECK(
      house
          .post("[" + std::string{R"({"jsonrpc":"2.0","method":"notifications/x"})"} + "]", session)
          .status == 202);
}

TEST_CASE("an empty batch is an invalid request") {
  House house;
  const http::Headers session = house.initialize("2025-03-26");

  const Seen& empty = house.post(" [ ] ", session);
  CHECK(empty.status == 400);
  CHECK(holds(empty.body, R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600)"));

  const Seen& cut = house.post("[", session);
  CHECK(cut.status == 400);
  CHECK(holds(cut.body, R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700)"));
}

TEST_CASE("one client cannot have more under way than it may") {
  config::Gateway config;
  config.max_in_flight = 2;
  House house{config};
  const http::Headers session = house.initialize();
  house.begin("POST", "/mcp/math", request_text("1", "tools/call"), session);
  house.begin("POST", "/mcp/math", request_text("2", "tools/call"), session);
  house.asked(2);

  CHECK(house.post(request_text("3", "tools/call"), session).status == 429);
  CHECK(house.post(request_text("2", "tools/call"), session).status == 400);

  const http::Headers other = house.initialize();
  house.begin("POST", "/mcp/math", request_text("1", "tools/call"), other);
  house.asked(3);
}

TEST_CASE("beyond the cap the session used least recently goes") {
  config::Gateway config;
  config.max_sessions = 2;
  House house{config};
  const http::Headers first = house.initialize();
  const http::Headers second = house.initialize();
  CHECK(house.post(request_text("1", "ping"), first).status == 200);

  const http::Headers third = house.initialize();

  CHECK(house.post(request_text("1", "ping"), first).status == 200);
  CHECK(house.post(request_text("1", "ping"), second).status == 404);
  CHECK(house.post(request_text("1", "ping"), third).status == 200);
  CHECK(house.door->occupancy().sessions == 2);
}

TEST_CASE("an idle session is forgotten, one with a stream is not") {
  config::Gateway config;
  config.session_idle = Duration{60};
  House house{config};
  house.initialize();
  const http::Headers listening = house.initialize();
  Seen& own = house.begin("GET", "/mcp/math", "", listening);
  REQUIRE(house.until([&] { return own.status == 200; }));

  REQUIRE(house.until([&] { return house.door->occupancy().sessions == 1; }));

  CHECK(house.post(request_text("1", "ping"), listening).status == 200);
}

TEST_CASE("a client that does not read is dropped, and its call goes on") {
  config::Gateway config;
  config.max_body = 64 * 1024;
  House house{config};
  const http::Headers session = house.initialize();
  Seen& seen = house.begin("POST", "/mcp/math", call, session);
  FakeBackend::Asked& asked = house.asked();
  asked.sink->on_message(progress);
  REQUIRE(house.until([&] { return !seen.events.empty(); }));
  seen.call.pause();

  const std::string large = R"({"x":")" + std::string(1024 * 1024, 'x') + "\"}";
  for (int i = 0; i < 16; ++i) asked.sink->on_message(large);

  CHECK(asked.is_alive);
  REQUIRE(house.until([&] { return house.door->occupancy().connections == 0; }));
  asked.respond("{}");
  CHECK_FALSE(asked.is_alive);
}

TEST_CASE("operators see who has a session, and never its whole id") {
  config::Gateway config;
  House house{config};
  CHECK(house.door->clients().sessions.empty());
  const http::Headers first = house.initialize();
  const http::Headers second = house.initialize("2025-06-18");
  house.begin("POST", "/mcp/math", request_text("1", "tools/call"), first);
  house.asked();
  house.begin("GET", "/mcp/math", "", first);
  REQUIRE(house.until([&] { return house.door->clients().sessions.front().streams == 1; }));

  const runtime::Clients clients = house.door->clients();

  CHECK(clients.gateway == house.base() + "/mcp");
  REQUIRE(clients.sessions.size() == 2);
  const runtime::ClientSession& used_last = clients.sessions.front();
  CHECK(used_last.id.size() == 8);
  CHECK(first.get("Mcp-Session-Id").starts_with(used_last.id));
  CHECK(used_last.server == "math");
  CHECK(used_last.client_name == "c");
  CHECK(used_last.client_version.empty());
  CHECK(used_last.remote == "127.0.0.1");
  CHECK(used_last.token.empty());
  CHECK(used_last.in_flight == 1);
  CHECK(clients.sessions.back().protocol_version == "2025-06-18");
  CHECK(clients.sessions.back().in_flight == 0);
  CHECK(clients.requests == 0);
  REQUIRE(house.send("DELETE", "/mcp/math", "", second).status == 204);
  CHECK(house.door->clients().sessions.size() == 1);
}

TEST_CASE("a session's token is told by its name, and its client in one short line") {
  config::Gateway config;
  config.tokens = {{"ci", config::sha256("s3cret"), {}}};
  House house{config};
  const http::Headers mine = with(both, "Authorization", "Bearer s3cret");
  const std::string long_name(1000, 'n');
  REQUIRE(house
              .post(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":)"
                    R"("2025-11-25","capabilities":{},"clientInfo":{"name":"a\nb)" +
                        long_name + R"(","version":3}}})",
                    mine)
              .status == 200);

  const runtime::Clients clients = house.door->clients();

  REQUIRE(clients.sessions.size() == 1);
  CHECK(clients.sessions[0].token == "ci");
  CHECK(clients.sessions[0].client_name.starts_with("a b"));
  CHECK(clients.sessions[0].client_name.size() <= 64);
  CHECK(clients.sessions[0].client_version.empty());
}

TEST_CASE("requests and subscriptions of clients without a session are counted") {
  House house;
  house.begin("POST", "/mcp/math", request_text("1", "tools/list", "{" + meta + "}"),
              modern("tools/list"));
  house.begin("POST", "/mcp/math",
              request_text("2", "subscriptions/listen", "{" + meta + R"(,"notifications":{}})"),
              modern("subscriptions/listen"));
  house.asked(2);

  const runtime::Clients clients = house.door->clients();

  CHECK(clients.sessions.empty());
  CHECK(clients.requests == 1);
  CHECK(clients.subscriptions == 1);
}
