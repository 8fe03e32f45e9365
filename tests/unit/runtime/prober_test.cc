#include "runtime/prober.h"

#include <doctest/doctest.h>

#include <optional>

#include "http/server.h"
#include "loop/address.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using mcpctl::testing::poll_until;
using mcpctl::testing::turn_for;

namespace {

/// A prober whose server is the test.
struct Probed {
  explicit Probed(config::Server config) : server(std::move(config)) {
    Prober::Callbacks callbacks;
    callbacks.on_ready = [this] { ++ready; };
    callbacks.on_failing = [this] { ++failing; };
    callbacks.on_recovered = [this] { ++recovered; };
    callbacks.on_lost = [this] { ++lost; };
    callbacks.write = [this](std::string_view line) { written.emplace_back(line); };
    callbacks.note = [](const std::string&) {};
    prober.emplace(
        loop, trees, server, [] { return CheckTarget{}; }, memory, 0, false, nullptr,
        std::move(callbacks));
  }

  bool until(const std::function<bool()>& condition) { return poll_until(loop, condition); }

  loop::Loop loop;
  TreeWatch trees{loop};
  config::Server server;
  ProtocolMemory memory;
  int ready{0}, failing{0}, recovered{0}, lost{0};
  std::vector<std::string> written;
  std::optional<Prober> prober;
};

config::Server companion(config::Readiness::Method readiness) {
  config::Server server;
  server.name = "companion";
  server.kind = config::Kind::process;
  server.readiness.method = readiness;
  server.readiness.pattern = "listening on \\d+";
  return server;
}

/// The least that is an MCP server over HTTP; `status` other than 200 is all it says.
struct Speaking {
  explicit Speaking(loop::Loop& loop)
      : server(loop, [this](http::Exchange exchange) { answer(std::move(exchange)); }) {
    REQUIRE(server.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
  }

  void answer(http::Exchange exchange) {
    ++requests;
    const std::string& body = exchange.request().body;
    if (status != 200) return exchange.respond(status, "text/plain", "not now");
    if (body.find("\"notifications/") != std::string::npos) {
      return exchange.respond(202, "text/plain", "");
    }
    if (body.find("\"initialize\"") != std::string::npos) {
      session = "s-" + std::to_string(++sessions);
      http::Response response{200,
                              {{"Content-Type", "application/json"}, {"Mcp-Session-Id", session}},
                              message(body, R"("result":{"protocolVersion":"2025-11-25",)"
                                            R"("capabilities":{},"serverInfo":)"
                                            R"({"name":"t","version":"1"}})")};
      return exchange.respond(std::move(response));
    }
    if (body.find("\"server/discover\"") != std::string::npos) {
      if (ponders) {
        asked = body;
        pondered = std::move(exchange);
        return;
      }
      return exchange.respond(
          200, "application/json",
          message(body, R"("error":{"code":-32601,"message":"Method not found"})"));
    }
    if (exchange.request().headers.get("Mcp-Session-Id") != session) {
      return exchange.respond(404, "text/plain", "no such session");
    }
    if (body.find("\"ping\"") != std::string::npos) ++pings;
    exchange.respond(200, "application/json", message(body, R"("result":{})"));
  }

  static std::string message(const std::string& request, const std::string& rest) {
    const std::size_t at = request.find("\"id\":") + 5;
    const std::size_t end = request.find_first_not_of("0123456789", at);
    return R"({"jsonrpc":"2.0","id":)" + request.substr(at, end - at) + "," + rest + "}";
  }

  void answer_at_last(const std::string& rest) {
    pondered->respond(200, "application/json", message(asked, rest));
  }

  bool ponders{false};  ///< over server/discover
  std::string asked;
  std::optional<http::Exchange> pondered;
  int status{200};
  int requests{0};
  int sessions{0};
  int pings{0};
  std::string session;
  http::Server server;
};

struct ProbedOverHttp : Probed {
  ProbedOverHttp() : Probed(config()), speaking(loop) {
    server.url = "http://127.0.0.1:" + std::to_string(speaking.server.address().port()) + "/mcp";
  }

  static config::Server config() {
    config::Server server;
    server.name = "web";
    server.transport = config::Transport::http;
    server.liveness.interval = Duration{64};
    server.liveness.timeout = Duration{1'000};
    server.liveness.failures = 2;
    return server;
  }

  Speaking speaking;
};

}  // namespace

TEST_CASE("a log line that comes before anybody waits for it counts all the same") {
  Probed probed{companion(config::Readiness::Method::log_line)};

  probed.prober->heard_line("listening on 8080");
  CHECK(probed.ready == 0);
  probed.prober->prove_readiness();

  CHECK(probed.ready == 1);
}

TEST_CASE("a READY=1 that comes before anybody waits for it counts all the same") {
  Probed probed{companion(config::Readiness::Method::notify)};

  probed.prober->notified_ready();
  probed.prober->prove_readiness();

  CHECK(probed.ready == 1);
}

TEST_CASE("a log line that does not match proves nothing") {
  Probed probed{companion(config::Readiness::Method::log_line)};
  probed.prober->prove_readiness();

  probed.prober->heard_line("listening on nothing");
  CHECK(probed.ready == 0);
  probed.prober->heard_line("now listening on 1");
  probed.prober->heard_line("now listening on 2");

  CHECK(probed.ready == 1);
}

TEST_CASE("an HTTP server that refuses at first is ready with its first handshake") {
  ProbedOverHttp probed;
  probed.speaking.status = 503;

  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.speaking.requests > 0; }));
  CHECK(probed.ready == 0);
  probed.speaking.status = 200;

  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  CHECK(probed.prober->client()->identity().name == "t");
}

TEST_CASE("a forgotten session is answered by a new handshake, not by a restart") {
  ProbedOverHttp probed;
  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  probed.prober->watch_health();
  REQUIRE(probed.until([&] { return probed.speaking.pings > 0; }));

  probed.speaking.session = "of another life";
  REQUIRE(probed.until([&] { return probed.speaking.sessions == 2; }));
  probed.speaking.pings = 0;
  REQUIRE(probed.until([&] { return probed.speaking.pings > 2; }));

  CHECK(probed.failing == 0);
  CHECK(probed.lost == 0);
}

TEST_CASE("an HTTP server that failed its new handshake is degraded and recovers with the next") {
  ProbedOverHttp probed;
  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  probed.prober->watch_health();

  probed.speaking.status = 503;
  REQUIRE(probed.until([&] { return probed.failing == 1; }));
  probed.speaking.status = 200;

  CHECK(probed.until([&] { return probed.recovered == 1; }));
  CHECK(probed.lost == 0);
}

TEST_CASE("an HTTP server that stays broken is lost") {
  ProbedOverHttp probed;
  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  probed.prober->watch_health();

  probed.speaking.status = 503;

  CHECK(probed.until([&] { return probed.lost == 1; }));
  CHECK(probed.failing == 1);
}

TEST_CASE("a first handshake that fails while the server is watched is tried again") {
  ProbedOverHttp probed;  // as with readiness "tcp": no conversation before the watch
  probed.speaking.status = 503;

  probed.prober->watch_health();
  REQUIRE(probed.until([&] { return probed.speaking.requests >= 2; }));
  probed.speaking.status = 200;

  CHECK(probed.until([&] { return probed.speaking.pings > 0; }));
  CHECK(probed.lost == 0);
}

TEST_CASE("new liveness settings give a failing server a new chance") {
  ProbedOverHttp probed;
  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  probed.prober->watch_health();
  probed.speaking.status = 503;
  REQUIRE(probed.until([&] { return probed.failing == 1; }));

  probed.server.liveness.method = config::Liveness::Method::none;
  probed.prober->reconfigure(probed.server.liveness);

  CHECK(probed.recovered == 1);
}

TEST_CASE("a server that is left alone over HTTP hears nothing more from us") {
  ProbedOverHttp probed;
  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  probed.prober->watch_health();
  probed.speaking.session = "of another life";
  probed.speaking.requests = 0;
  REQUIRE(probed.until([&] { return probed.speaking.requests == 1; }));

  probed.prober->leave_alone();
  turn_for(probed.loop, Duration{20});
  const int requests = probed.speaking.requests;
  turn_for(probed.loop, Duration{200});

  CHECK(probed.speaking.requests == requests);
  CHECK(probed.failing == 0);
}

TEST_CASE("a tcp check of a remote server goes to the host and port of its URL") {
  Probed probed{[] {
    config::Server server = companion(config::Readiness::Method::tcp);
    server.kind = config::Kind::mcp;
    server.transport = config::Transport::remote;
    return server;
  }()};
  Speaking speaking{probed.loop};
  probed.server.url =
      "http://localhost:" + std::to_string(speaking.server.address().port()) + "/mcp";

  probed.prober->prove_readiness();

  CHECK(probed.until([&] { return probed.ready == 1; }));
}

namespace {

config::Server stdio_server() {
  config::Server server;
  server.name = "talker";
  server.liveness.method = config::Liveness::Method::none;
  return server;
}

/// What a prober that asks learns.
struct Answers {
  OnPong next() {
    return [this](const Result<Pong>& pong) { all.push_back(pong); };
  }
  std::vector<Result<Pong>> all;
};

/// The id of the request that was written last.
std::string last_id(const Probed& probed) {
  const std::string& line = probed.written.back();
  const std::size_t at = line.find("\"id\":") + 5;
  return line.substr(at, line.find_first_not_of("0123456789", at) - at);
}

void answer(Probed& probed, const std::string& rest) {
  probed.prober->heard_stdout(R"({"jsonrpc":"2.0","id":)" + last_id(probed) + "," + rest + "}\n");
}

const std::string modern_server =
    R"("result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},)"
    R"("serverInfo":{"name":"t","version":"1"}})";

TEST_CASE("a server over HTTP that is slow to answer server/discover is not taken for legacy") {
  ProbedOverHttp probed;
  probed.server.liveness.timeout = Duration{8'000};
  probed.speaking.ponders = true;
  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.speaking.pondered.has_value(); }));

  turn_for(probed.loop, Duration{2'200});
  probed.speaking.answer_at_last(modern_server);

  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  CHECK(probed.speaking.requests == 1);
  CHECK(probed.prober->client()->identity().era == mcp::Era::modern);
}

bool asks(const Probed& probed, const std::string& method) {
  return probed.written.back().find("\"method\":\"" + method + "\"") != std::string::npos;
}

/// With a legacy handshake behind it.
void shake_hands(Probed& probed) {
  probed.prober->prove_readiness();
  answer(probed, R"("error":{"code":-32601,"message":"Method not found"})");
  REQUIRE(asks(probed, "initialize"));
  answer(probed, R"("result":{"protocolVersion":"2025-11-25","capabilities":{},)"
                 R"("serverInfo":{"name":"t","version":"1"}})");
  REQUIRE(probed.ready == 1);
}

}  // namespace

TEST_CASE("an operator's ping is answered beside the probes, and an error is an answer") {
  Probed probed{stdio_server()};
  shake_hands(probed);
  Answers answers;

  probed.prober->ping(Duration{5'000}, answers.next());
  REQUIRE(asks(probed, "ping"));
  CHECK(answers.all.empty());
  answer(probed, R"("result":{})");
  probed.prober->ping(Duration{5'000}, answers.next());
  answer(probed, R"("error":{"code":-32601,"message":"Method not found"})");

  REQUIRE(answers.all.size() == 2);
  REQUIRE(answers.all[0]);
  CHECK(answers.all[0]->asked == mcp::Probe::ping);
  CHECK(answers.all[0]->round_trip.count() >= 0);
  CHECK(answers.all[1]);
}

TEST_CASE("two pings at the same time each get the answer to their own question") {
  Probed probed{stdio_server()};
  shake_hands(probed);
  Answers first, second;

  probed.prober->ping(Duration{5'000}, first.next());
  const std::string id_of_first = last_id(probed);
  probed.prober->ping(Duration{5'000}, second.next());
  CHECK(last_id(probed) != id_of_first);
  answer(probed, R"("result":{})");

  CHECK(first.all.empty());
  CHECK(second.all.size() == 1);
}

TEST_CASE("a modern server, which has no ping, is asked server/discover") {
  Probed probed{stdio_server()};
  probed.prober->prove_readiness();
  answer(probed, modern_server);
  REQUIRE(probed.ready == 1);
  Answers answers;

  probed.prober->ping(Duration{5'000}, answers.next());
  REQUIRE(asks(probed, "server/discover"));
  answer(probed, modern_server);

  REQUIRE(answers.all.size() == 1);
  REQUIRE(answers.all[0]);
  CHECK(answers.all[0]->asked == mcp::Probe::discover);
}

TEST_CASE("a ping before the handshake is sent when that is complete") {
  Probed probed{stdio_server()};
  Answers answers;
  probed.prober->ping(Duration{5'000}, answers.next());
  CHECK(probed.written.empty());

  shake_hands(probed);
  REQUIRE(asks(probed, "ping"));
  answer(probed, R"("result":{})");

  CHECK(answers.all.size() == 1);
}

TEST_CASE("a ping over HTTP is answered, or told why not") {
  ProbedOverHttp probed;
  probed.prober->prove_readiness();
  REQUIRE(probed.until([&] { return probed.ready == 1; }));
  Answers answers;

  probed.prober->ping(Duration{5'000}, answers.next());
  REQUIRE(probed.until([&] { return answers.all.size() == 1; }));
  CHECK(answers.all[0]);
  probed.speaking.status = 503;
  probed.prober->ping(Duration{5'000}, answers.next());
  REQUIRE(probed.until([&] { return answers.all.size() == 2; }));

  REQUIRE_FALSE(answers.all[1]);
  CHECK(answers.all[1].error().message.find("503") != std::string::npos);
  CHECK(probed.lost == 0);
}
