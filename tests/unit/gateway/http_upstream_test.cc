#include "gateway/http_upstream.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "behind.h"
#include "config/sha256.h"
#include "gateway/door.h"
#include "gateway/mirrored_params.h"
#include "gateway/reply.h"
#include "house.h"
#include "http/server.h"
#include "loop/address.h"
#include "relay/message.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::testing::poll_until;

namespace {

/// The least of a legacy server over HTTP.
struct Legacy {
  explicit Legacy(loop::Loop& loop)
      : server(loop, [this](http::Exchange exchange) { answer(std::move(exchange)); }) {
    REQUIRE(server.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
  }
  bool is_heard() const { return open && open->queued() == 0; }
  std::string url() const {
    return "http://localhost:" + std::to_string(server.address().port()) + "/mcp";
  }
  void answer(http::Exchange exchange) {
    seen.push_back(exchange.request());
    const std::string& body = exchange.request().body;
    if (exchange.request().method == "GET") {
      const bool resumes = !exchange.request().headers.get("Last-Event-ID").empty();
      if (!resumes || forgets_events) return exchange.respond(405, "text/plain", "");
      return exchange.respond(200, "text/event-stream", rest);
    }
    if (body.find("\"initialize\"") != std::string::npos) {
      http::Response response{status,
                              {{"Content-Type", "application/json"}, {"Mcp-Session-Id", "s-1"}},
                              R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18",)"
                              R"("capabilities":{"tools":{}},"serverInfo":{"name":"far"}}})"};
      return exchange.respond(std::move(response));
    }
    if (body.find("\"id\"") == std::string::npos) return exchange.respond(202, "text/plain", "");
    if (forgets) return exchange.respond(404, "text/plain", "who?");
    if (refuses) return exchange.respond(500, "text/plain", "not now");
    if (breaks) {
      open.emplace(std::move(exchange));
      open->begin(200, {{"Content-Type", "text/event-stream"}});
      open->write(stream);
      return;
    }
    exchange.respond(200, "text/event-stream", stream);
  }

  int status{200};
  bool forgets{false}, refuses{false}, breaks{false}, forgets_events{false};
  std::string stream{
      "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}\n\n"};
  std::string rest{"data: {\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"late\":1}}\n\n"};
  std::vector<http::Request> seen;
  http::Server server;
  std::optional<http::Exchange> open;  ///< begun; destroyed, its connection is cut
};

struct Session {
  Session() : far(loop) {}

  void open(std::string url, mcp::Era era = mcp::Era::legacy) {
    config::Server server;
    server.name = "far";
    server.transport = config::Transport::remote;
    server.url = std::move(url);
    server.headers = {{"X-Key", "k"}};
    mcp::Profile profile;
    profile.era = era;
    profile.revision = era == mcp::Era::legacy ? mcp::newest_legacy : mcp::newest_modern;
    upstream.emplace(
        loop, server, profile, std::nullopt, mirrored,
        HttpUpstream::Callbacks{
            .on_open = [this](const mcp::Profile& opened) { profiles.push_back(opened); },
            .on_lost = [this](const std::string& why) { lost.push_back(why); },
            .on_message =
                [this](std::string_view text, const mcp::Envelope&, relay::CallId about) {
                  messages.emplace_back(text);
                  abouts.push_back(about.value);
                },
            .on_end =
                [this](relay::CallId, runtime::UpstreamError kind, const std::string& why) {
                  kinds.push_back(kind);
                  ends.push_back(why);
                },
            .on_broken = [this](relay::CallId, const std::string& why) { breaks.push_back(why); },
            .on_unanswered = [this](std::uint64_t id) { unanswered.push_back(id); }});
  }
  bool opens() {
    open(far.url());
    return until([&] { return !profiles.empty(); });
  }
  bool until(const std::function<bool()>& condition) { return poll_until(loop, condition); }
  void call(relay::CallId on_behalf = {77}) {
    upstream->send({.text = R"({"jsonrpc":"2.0","id":5,"method":"tools/call"})",
                    .id = 5,
                    .call = on_behalf,
                    .headers = std::make_unique<relay::InHeaders>("tools/call")});
  }

  loop::Loop loop;
  Legacy far;
  MirroredParams mirrored;
  std::vector<mcp::Profile> profiles;
  std::vector<std::string> lost, messages, ends, breaks;
  std::vector<runtime::UpstreamError> kinds;
  std::vector<std::uint64_t> abouts, unanswered;
  std::optional<HttpUpstream> upstream;
};

/// A server elsewhere that knows tools/call, and remembers the headers it was asked with.
struct Recording {
  explicit Recording(loop::Loop& loop)
      : server(loop, [this](http::Exchange exchange) { answer(std::move(exchange)); }) {
    REQUIRE(server.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
  }
  void answer(http::Exchange exchange) {
    const http::Request& request = exchange.request();
    asked.push_back(request.headers);
    const auto message = mcp::scan(request.body);
    if (!message || message->kind != mcp::Kind::request) {
      return exchange.respond(request.method == "GET" ? 405 : 202, "text/plain", "");
    }
    const std::string_view id = message->id.in(request.body);
    const std::string_view method = message->method.in(request.body);
    const std::string_view result =
        method == "\"initialize\""   ? R"({"protocolVersion":"2025-11-25","capabilities":)"
                                       R"({"tools":{}},"serverInfo":{"name":"far","version":"1"}})"
        : method == "\"tools/call\"" ? R"({"content":[],"said":"called"})"
        : method == "\"tools/list\"" ? R"({"tools":[]})"
                                     : "{}";
    if (method == "\"server/discover\"") {
      return exchange.respond(200, "application/json", error_text(id, -32601, "no"));
    }
    exchange.respond(200, "application/json", relay::result_message(id, result));
  }

  std::vector<http::Headers> asked;
  http::Server server;
};

/// An answer of the far server to the request `id`.
std::string event_of(int id, const std::string& result) {
  return "data: {\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(id) + ",\"result\":" + result +
         "}\n\n";
}

}  // namespace

TEST_CASE("a modern server gets the arguments that its tool wants as headers") {
  Session session;
  session.open(session.far.url(), mcp::Era::modern);
  REQUIRE(session.until([&] { return !session.profiles.empty(); }));
  session.mirrored.learn(
      R"({"jsonrpc":"2.0","id":4,"result":{"tools":[{"name":"query","inputSchema":{"properties":)"
      R"({"region":{"type":"string","x-mcp-header":"Region"}}}}]}})");

  session.far.stream = event_of(5, "{}");
  session.upstream->send({.text = R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":)"
                                  R"({"name":"query","arguments":{"region":"k\u00f6ln"}}})",
                          .id = 5,
                          .call = {2},
                          .headers = std::make_unique<relay::InHeaders>("tools/call", "query")});
  REQUIRE(session.until([&] { return session.messages.size() == 1; }));
  const http::Headers& headers = session.far.seen.back().headers;
  CHECK(headers.get("Mcp-Name") == "query");
  CHECK(headers.get("Mcp-Param-Region") == "=?base64?a8O2bG4=?=");
}

TEST_CASE("a legacy session is opened with what clients may do and the configured headers") {
  Session s;

  REQUIRE(s.opens());
  REQUIRE(s.until([&] { return s.far.seen.size() == 3; }));

  CHECK(s.far.seen[0].body.find("\"elicitation\"") != std::string::npos);
  CHECK(s.far.seen[0].headers.get("X-Key") == "k");
  CHECK(s.far.seen[0].headers.get("Host").starts_with("localhost:"));
  CHECK(s.far.seen[1].body.find("notifications/initialized") != std::string::npos);
  CHECK(s.far.seen[1].headers.get("Mcp-Session-Id") == "s-1");
  CHECK(s.far.seen[1].headers.get("MCP-Protocol-Version") == "2025-06-18");
  CHECK(s.profiles[0].server_info == R"({"name":"far"})");
}

TEST_CASE("a client's trace goes on in headers, where the configuration has no word on them") {
  Session s;
  REQUIRE(s.opens());

  auto headers = std::make_unique<relay::InHeaders>();
  headers->trace = {{"traceparent", "00-a-b-01"}, {"X-Key", "not the client's"}};
  s.upstream->send({.text = R"({"jsonrpc":"2.0","id":5,"method":"tools/call"})",
                    .id = 5,
                    .call = {77},
                    .headers = std::move(headers)});

  REQUIRE(s.until([&] { return s.messages.size() == 2; }));
  CHECK(s.far.seen.back().headers.get("traceparent") == "00-a-b-01");
  CHECK(s.far.seen.back().headers.get("X-Key") == "k");
}

TEST_CASE("what comes on a request's own stream is known to belong to it") {
  Session s;
  REQUIRE(s.opens());

  s.call();

  REQUIRE(s.until([&] { return s.messages.size() == 2; }));
  CHECK(s.abouts == std::vector<std::uint64_t>{77, 77});
}

TEST_CASE("a stream that ends before its answer is asked for the rest") {
  Session s;
  s.far.stream = "id: e1\ndata:\n\n";
  REQUIRE(s.opens());

  s.call();

  REQUIRE(s.until([&] { return !s.messages.empty(); }));
  CHECK(s.messages[0].find("late") != std::string::npos);
  CHECK(s.far.seen.back().headers.get("Last-Event-ID") == "e1");
}

TEST_CASE("a stream that breaks off is asked for the rest, after the pause that the server wants") {
  Session s;
  s.far.stream = "id: e1\nretry: 30\ndata:\n\n";
  s.far.breaks = true;
  REQUIRE(s.opens());

  s.call();
  REQUIRE(s.until([&] { return s.far.is_heard(); }));
  const Instant before = s.loop.now();
  s.far.open.reset();

  REQUIRE(s.until([&] { return !s.messages.empty(); }));
  CHECK(s.messages[0].find("late") != std::string::npos);
  CHECK(s.far.seen.back().headers.get("Last-Event-ID") == "e1");
  CHECK(s.loop.now() - before >= Duration{29});
  CHECK(s.breaks.empty());
}

TEST_CASE("a server that wants to be asked again at once, for ever, is asked with a pause") {
  Session s;
  s.far.stream = s.far.rest = "id: e\nretry: 0\ndata:\n\n";
  REQUIRE(s.opens());
  const std::size_t opening = s.far.seen.size();
  const Instant before = s.loop.now();

  s.call();

  REQUIRE(s.until([&] { return s.far.seen.size() == opening + 6; }));  // one POST, five GETs
  CHECK(s.loop.now() - before >= Duration{20});  // a timer counts from its turn on
}

TEST_CASE("a stream that broke off and cannot be gone on with ends the call as it broke") {
  Session s;
  s.far.stream = "id: e1\ndata:\n\n";
  s.far.breaks = s.far.forgets_events = true;
  REQUIRE(s.opens());

  s.call();
  REQUIRE(s.until([&] { return s.far.is_heard(); }));
  s.far.open.reset();

  REQUIRE(s.until([&] { return !s.breaks.empty(); }));
  CHECK(s.far.seen.back().method == "GET");
  CHECK(s.breaks[0].find("POST") != std::string::npos);
  CHECK(s.ends.empty());
}

TEST_CASE("who asks on behalf of no call hears that no answer comes, or of the refusal") {
  Session s;
  REQUIRE(s.opens());

  SUBCASE("the connection breaks") {
    s.far.breaks = true;
    s.far.stream = ": nothing\n\n";
    s.call({});
    REQUIRE(s.until([&] { return s.far.is_heard(); }));
    s.far.open.reset();
    REQUIRE(s.until([&] { return !s.unanswered.empty(); }));
    CHECK(s.unanswered[0] == 5);
  }
  SUBCASE("the stream ends without an answer") {
    s.far.stream = ": nothing\n\n";
    s.call({});
    REQUIRE(s.until([&] { return !s.unanswered.empty(); }));
  }
  SUBCASE("it is refused by a status alone") {
    s.far.refuses = true;
    s.call({});
    REQUIRE(s.until([&] { return !s.messages.empty(); }));
    CHECK(s.messages[0] == R"({"jsonrpc":"2.0","id":5,"error":{"code":-32000,)"
                           R"("message":"HTTP status 500"}})");
  }
}

TEST_CASE("a stream that ends without an answer ends the call") {
  Session s;
  s.far.stream = "data:\n\n";
  REQUIRE(s.opens());

  s.call();

  REQUIRE(s.until([&] { return !s.ends.empty(); }));
  CHECK(s.ends[0] == "its answer holds no JSON-RPC response");
  CHECK(s.kinds[0] == runtime::UpstreamError::protocol);
}

TEST_CASE("a status without a JSON-RPC error ends the call") {
  Session s;
  s.far.refuses = true;
  REQUIRE(s.opens());

  s.call();

  REQUIRE(s.until([&] { return !s.ends.empty(); }));
  CHECK(s.ends[0] == "HTTP status 500");
  CHECK(s.kinds[0] == runtime::UpstreamError::http_status);
}

TEST_CASE("a session that the server has forgotten is lost") {
  Session s;
  REQUIRE(s.opens());
  s.far.forgets = true;

  s.call();

  REQUIRE(s.until([&] { return !s.lost.empty(); }));
  CHECK(s.lost[0] == "it has forgotten our session");
}

TEST_CASE("a server that gives no session is lost with its status") {
  Session s;
  s.far.status = 503;

  s.open(s.far.url());

  REQUIRE(s.until([&] { return !s.lost.empty(); }));
  CHECK(s.lost[0] == "no session: HTTP status 503");
}

TEST_CASE("clients reach a spawned HTTP server, across its crash") {
  Behind behind{{weather("weather")}};
  behind.fleet.supervisor().start();
  {
    Client legacy{*behind.upstreams, "weather"};
    Client modern{*behind.upstreams, "weather", mcp::Era::modern};
    const auto listed = legacy.lists("1");
    REQUIRE(behind.answered(*listed));
    CHECK(listed->holds("get_weather"));

    ::kill(behind.pid("weather"), SIGKILL);
    REQUIRE(behind.fleet.until_state("weather", supervisor::State::backoff));
    const auto called = legacy.calls("\"x\"", "get_weather", R"({"city":"Berlin"})");
    REQUIRE(behind.answered(*called));
    CHECK(called->holds(R"("id":"x")"));
    CHECK(called->holds("Berlin"));
  }
  behind.upstreams.reset();
  behind.fleet.stop_and_check();
}

TEST_CASE("a client's token does not go on to a server over HTTP, only the configured one") {
  Behind behind{{}};
  Recording far{behind.fleet.loop()};
  config::Server remote;
  remote.name = "far";
  remote.transport = config::Transport::remote;
  remote.url = "http://127.0.0.1:" + std::to_string(far.server.address().port()) + "/mcp";
  std::string configured;
  SUBCASE("which may be none") {}
  SUBCASE("whatever it is") { configured = "Bearer of-the-gateway"; }
  if (!configured.empty()) remote.headers = {{"Authorization", configured}};
  behind.fleet.reading().config.servers.push_back(remote);
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.fleet.until_state("far", supervisor::State::ready));

  config::Gateway open;
  open.listen = "127.0.0.1:0";
  open.tokens = {{"client", config::sha256("of-the-client-0123"), {}}};
  const auto door = std::move(*Door::open(behind.fleet.loop(), {open, {}, {}}));
  door->serve(*behind.upstreams);
  http::Client client{behind.fleet.loop()};
  std::optional<http::Response> answer;
  http::CallCallbacks callbacks;
  callbacks.on_done = [&](Result<http::Response> done) {
    REQUIRE(done.has_value());
    answer = std::move(*done);
  };
  http::Headers headers = modern("tools/call", "any");
  headers.set("Authorization", "Bearer of-the-client-0123");
  const auto call =
      client.send({"POST", *http::parse_url("http://" + door->address().text() + "/mcp/far"),
                   headers, request_text("1", "tools/call", R"({"name":"any",)" + meta + '}')},
                  {}, std::move(callbacks));
  REQUIRE(behind.fleet.until([&] { return answer.has_value(); }));
  REQUIRE(answer->body.find("called") != std::string::npos);

  REQUIRE_FALSE(far.asked.empty());
  for (const http::Headers& one : far.asked) {
    CHECK(one.get("Authorization") == configured);
    for (const http::Header field : one) {
      CHECK(field.value.find("of-the-client") == std::string::npos);
    }
  }
  door->leave();
  behind.fleet.stop_and_check();
}
