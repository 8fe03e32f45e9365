#include "http/server.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/event_stream.h"
#include "http_fixture.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::http;

namespace {

const std::string get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

std::size_t resident_kib() {
  std::ifstream status{"/proc/self/status"};
  std::string word;
  while (status >> word) {
    std::size_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  return 0;
}

/// Keeps exchanges unanswered.
struct Holding {
  std::vector<Exchange> held;
  Server::Handler handler() {
    return [this](Exchange exchange) { held.push_back(std::move(exchange)); };
  }
};

}  // namespace

TEST_CASE("a request is answered and the connection kept") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient client{serving.server.address()};

  client.send("POST /a?b=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(poll_until(loop, [&] { return client.received().ends_with("POST /a hi"); }));
  client.send(get);
  CHECK(poll_until(loop, [&] { return client.received().ends_with("GET /x "); }));

  CHECK(client.received().starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: "));
  CHECK(client.received().find("Content-Length: 10\r\n") != std::string::npos);
  CHECK(client.received().find("Connection:") == std::string::npos);
  CHECK_FALSE(client.is_closed());
  CHECK(serving.server.requests() == 2);
}

TEST_CASE("a request that comes byte by byte is answered") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient client{serving.server.address()};

  for (const char c : "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi") {
    if (c != '\0') client.send({&c, 1});
    loop.run_ready();
  }

  CHECK(poll_until(loop, [&] { return client.received().ends_with("POST /a hi"); }));
}

TEST_CASE("Connection: close and HTTP/1.0 close after the answer") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient closing{serving.server.address()}, old{serving.server.address()};

  closing.send("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  old.send("GET /x HTTP/1.0\r\n\r\n");

  CHECK(poll_until(loop, [&] { return closing.is_closed() && old.is_closed(); }));
  CHECK(closing.received().find("Connection: close\r\n") != std::string::npos);
  CHECK(closing.received().ends_with("GET /x "));
  CHECK(old.received().ends_with("GET /x "));
}

TEST_CASE("HEAD gets the length and no body; 204 has neither") {
  loop::Loop loop;
  Serving serving{loop, [](Exchange exchange) {
                    if (exchange.request().path == "/none") return exchange.respond({204, {}, ""});
                    exchange.respond(200, "text/plain", "12345");
                  }};
  RawClient client{serving.server.address()};

  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\n\r\n");

  CHECK(poll_until(loop, [&] { return occurrences(client.received(), "\r\n\r\n") == 2; }));
  CHECK(client.received().find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(occurrences(client.received(), "Content-Length") == 1);
  CHECK(client.received().find("12345") == std::string::npos);
}

TEST_CASE("pipelined requests are handled one by one and answered in order") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  RawClient client{serving.server.address()};

  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(poll_until(loop, [&] { return holding.held.size() == 1; }));
  turn_for(loop, Duration{20});
  CHECK(holding.held.size() == 1);
  holding.held[0].respond(200, "text/plain", "first");
  CHECK(poll_until(loop, [&] { return holding.held.size() == 2; }));
  holding.held[1].respond(200, "text/plain", "second");

  CHECK(poll_until(loop, [&] { return client.received().ends_with("second"); }));
  CHECK(client.received().find("first") < client.received().find("second"));
}

TEST_CASE("the request behind an answer that fills the queue until the turn ends is taken up") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  RawClient client{serving.server.address()};
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(poll_until(loop, [&] { return holding.held.size() == 1; }));

  // With its head, more than may be queued when a request is taken up; by itself, too
  // little to leave at once.
  holding.held[0].respond(200, "text/plain", std::string(64 * 1024 - 1, 'x'));

  CHECK(poll_until(loop, [&] { return holding.held.size() == 2; }));
}

TEST_CASE("a thousand pipelined requests at once are all answered") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient client{serving.server.address()};
  std::string all;
  for (int i = 0; i < 1000; ++i) all += get;

  std::size_t sent = 0;
  CHECK(poll_until(loop, [&] {
    sent += client.send(std::string_view{all}.substr(sent));
    return occurrences(client.received(), "200 OK") == 1000;
  }));
}

TEST_CASE("a client that pipelines without reading is not answered without bound") {
  loop::Loop loop;
  Serving serving{loop, [](Exchange exchange) {
                    exchange.respond(200, "text/plain", std::string(100'000, 'x'));
                  }};
  RawClient client{serving.server.address()};
  std::string all;
  for (int i = 0; i < 20'000; ++i) all += get;

  std::size_t sent = 0;
  for (int i = 0; i < 300; ++i) {
    sent += client.send(std::string_view{all}.substr(sent));
    loop.run_ready();
  }

  CHECK(serving.server.requests() < 200);  // the kernel's buffers, and a little of ours
  CHECK(serving.server.connections() == 1);
}

TEST_CASE("Expect: 100-continue is answered before the body, another expectation with 417") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient client{serving.server.address()}, odd{serving.server.address()};
  const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: ";

  client.send(head + "100-continue\r\n\r\n");
  odd.send(head + "200-ok\r\n\r\n");
  CHECK(poll_until(loop, [&] { return client.received() == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  client.send("hi");

  CHECK(poll_until(loop, [&] { return client.received().ends_with("POST /a hi"); }));
  CHECK(poll_until(loop, [&] { return odd.received().starts_with("HTTP/1.1 417 "); }));
}

TEST_CASE("a refused request gets its status, then the connection is closed") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient client{serving.server.address()};

  client.send("GET / HTTP/1.1\r\n\r\n" + get);

  CHECK(poll_until(loop, [&] { return client.is_closed(); }));
  CHECK(client.received().starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(client.received().ends_with("no Host field\n"));
  CHECK(occurrences(client.received(), "HTTP/1.1 ") == 1);
  CHECK(serving.server.requests() == 0);
  CHECK(serving.drops == std::vector<std::string>{"was refused with 400: no Host field"});
}

TEST_CASE("a gigabyte of header is refused early and in bounded memory") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient client{serving.server.address()};
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  const std::string block(1 << 20, 'x');
  const std::size_t before = resident_kib();

  std::size_t sent = 0;
  CHECK(poll_until(loop, [&] {
    sent += client.send(block);
    return client.is_closed() || sent >= std::size_t{1} << 30;
  }));

  CHECK(sent < 64u << 20);
  CHECK(client.received().starts_with("HTTP/1.1 431 "));
  CHECK(resident_kib() < before + 8 * 1024);
}

TEST_CASE("a body that is too large is refused before it is read") {
  loop::Loop loop;
  Serving serving{loop, echo};
  RawClient client{serving.server.address()};

  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n");

  CHECK(poll_until(loop, [&] { return client.received().starts_with("HTTP/1.1 413 "); }));
}

TEST_CASE("an answer may come later, and a client that left is told and does no harm") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  auto client = std::make_unique<RawClient>(serving.server.address());
  client->send(get);
  REQUIRE(poll_until(loop, [&] { return holding.held.size() == 1; }));
  bool gone = false;
  holding.held[0].on_disconnect([&] { gone = true; });

  client.reset();

  CHECK(poll_until(loop, [&] { return gone; }));
  holding.held[0].respond(200, "text/plain", "too late");
  CHECK(poll_until(loop, [&] { return serving.server.connections() == 0; }));
}

TEST_CASE("a client that only stops sending still gets its answer") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  RawClient client{serving.server.address()};
  client.send(get);
  client.shut_down();
  REQUIRE(poll_until(loop, [&] { return holding.held.size() == 1; }));
  turn_for(loop, Duration{20});

  holding.held[0].respond(200, "text/plain", "answer");

  CHECK(poll_until(loop, [&] { return client.is_closed(); }));
  CHECK(client.received().ends_with("answer"));
}

TEST_CASE("an exchange dropped without an answer is a 500") {
  loop::Loop loop;
  Serving serving{loop, [](Exchange) {}};
  RawClient client{serving.server.address()};

  client.send(get);

  CHECK(poll_until(loop, [&] { return client.received().starts_with("HTTP/1.1 500 "); }));
}

TEST_CASE("an answer in pieces is chunked, and given up it is cut, not ended") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  RawClient client{serving.server.address()}, cut{serving.server.address()};
  client.send(get);
  REQUIRE(poll_until(loop, [&] { return holding.held.size() == 1; }));
  cut.send(get);
  REQUIRE(poll_until(loop, [&] { return holding.held.size() == 2; }));

  for (Exchange& exchange : holding.held) {
    exchange.begin(200, {{"Content-Type", "text/plain"}});
    CHECK(exchange.write("hello"));
    CHECK(exchange.write(""));
  }
  CHECK(holding.held[0].write(std::string(20, 'x')));
  holding.held[0].finish();
  holding.held.clear();

  CHECK(poll_until(loop, [&] { return client.received().ends_with("\r\n0\r\n\r\n"); }));
  CHECK(client.received().find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(client.received().find("\r\n\r\n5\r\nhello\r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n") !=
        std::string::npos);
  CHECK(poll_until(loop, [&] { return cut.is_closed(); }));
  CHECK(cut.received().ends_with("5\r\nhello\r\n"));
}

TEST_CASE("header values cannot smuggle lines into an answer") {
  loop::Loop loop;
  Serving serving{loop, [](Exchange exchange) {
                    Response response{200, {{"X-Name", "a\r\nX-Evil: 1"}}, ""};
                    exchange.respond(std::move(response));
                  }};
  RawClient client{serving.server.address()};

  client.send(get);

  CHECK(poll_until(loop, [&] { return client.received().ends_with("\r\n\r\n"); }));
  CHECK(client.received().find("X-Name: a  X-Evil: 1\r\n") != std::string::npos);
}

TEST_CASE(
    "an event stream sends events, comments and keep-alives, and tells when its client left") {
  loop::Loop loop;
  std::unique_ptr<EventStream> stream;
  bool gone = false;
  Serving serving{loop, [&](Exchange exchange) {
                    stream = std::make_unique<EventStream>(loop, std::move(exchange), Duration{30});
                    stream->on_disconnect([&] {
                      gone = true;
                      stream.reset();
                    });
                  }};
  auto client = std::make_unique<RawClient>(serving.server.address());
  client->send(get);
  REQUIRE(poll_until(loop, [&] { return stream != nullptr; }));

  CHECK(stream->event("7", "log", "two\nlines"));
  CHECK(stream->comment("note"));

  CHECK(poll_until(loop,
                   [&] { return client->received().find(": keep-alive") != std::string::npos; }));
  CHECK(client->received().find("id: 7\nevent: log\ndata: two\ndata: lines\n\n") !=
        std::string::npos);
  CHECK(client->received().find(": note\n\n") != std::string::npos);
  CHECK(client->received().find("X-Accel-Buffering: no\r\n") != std::string::npos);
  client.reset();
  CHECK(poll_until(loop, [&] { return gone; }));
  CHECK(stream == nullptr);
}

TEST_CASE("a stream's client that never reads is dropped at the cap, others are fine") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  RawClient lazy{serving.server.address()}, good{serving.server.address()};
  lazy.send(get);
  REQUIRE(poll_until(loop, [&] { return holding.held.size() == 1; }));
  Exchange stream = std::move(holding.held[0]);
  holding.held.clear();
  stream.begin(200, {});
  stream.on_disconnect([] { FAIL("the result of write tells"); });

  std::size_t written = 0;
  while (stream.write(std::string(10'000, 'x'))) {
    written += 10'000;
    loop.run_ready();
    REQUIRE(stream.queued() <= 1024 * 1024 + 20'000);
    REQUIRE(written < 64u << 20);
  }

  CHECK_FALSE(stream.is_open());
  REQUIRE(serving.drops.size() == 1);
  CHECK(serving.drops[0].starts_with("reads too slowly: "));
  good.send(get);
  CHECK(poll_until(loop, [&] { return holding.held.size() == 1; }));
}

TEST_CASE("a slow reader gets everything") {
  loop::Loop loop;
  const std::string big(5 << 20, 'b');
  Serving serving{loop, [&](Exchange exchange) { exchange.respond(200, "text/plain", big); }};
  RawClient client{serving.server.address()};
  client.send(get);
  turn_for(loop, Duration{30});

  CHECK(poll_until(loop, [&] { return client.received().size() > big.size(); }));
  CHECK(client.received().ends_with(big));
}

TEST_CASE("each kind of waiting has its deadline") {
  loop::Loop loop;
  ServerOptions options;
  options.sweep_interval = Duration{10};
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n";
  const auto expect = [&](std::string_view bytes, std::string_view answer, std::string_view why) {
    Serving serving{loop, echo, options};
    RawClient client{serving.server.address()};
    client.send(bytes);
    CHECK(poll_until(loop, [&] { return client.is_closed(); }));
    CHECK(client.received().starts_with(answer));
    CHECK(serving.drops ==
          (why.empty() ? std::vector<std::string>{} : std::vector<std::string>{std::string{why}}));
    client.close();
    CHECK(poll_until(loop, [&] { return serving.server.connections() == 0; }));
  };

  SUBCASE("for a first byte") {
    options.header_timeout = Duration{30};
    expect("", "", "gave no request in time");
  }
  SUBCASE("for the end of the header") {
    options.header_timeout = Duration{30};
    expect("GET / HT", "HTTP/1.1 408 ", "was refused with 408: the header did not come in time");
  }
  SUBCASE("for the next byte of the body") {
    options.body_idle_timeout = Duration{30};
    expect(post + "abc", "HTTP/1.1 408 ", "was refused with 408: the body did not come in time");
  }
  SUBCASE("for the whole body") {
    options.body_total_timeout = Duration{30};
    expect(post + "abc", "HTTP/1.1 408 ", "was refused with 408: the body did not come in time");
  }
  SUBCASE("for another request") {
    options.keep_alive_timeout = Duration{30};
    expect(get, "HTTP/1.1 200 ", "");
  }
}

TEST_CASE("a header that trickles in is cut at the deadline, not extended by each byte") {
  loop::Loop loop;
  ServerOptions options;
  options.sweep_interval = Duration{10};
  options.header_timeout = Duration{60};
  Serving serving{loop, echo, options};
  RawClient client{serving.server.address()};
  const Instant began = loop.now();

  CHECK(poll_until(loop, [&] {
    client.send("G");
    return client.is_closed();
  }));

  CHECK(loop.now() - began < Duration{2000});
}

TEST_CASE("a client that stops reading an answer is dropped after the stall") {
  loop::Loop loop;
  ServerOptions options;
  options.sweep_interval = Duration{10};
  options.write_stall_timeout = Duration{50};
  Serving serving{
      loop,
      [](Exchange exchange) { exchange.respond(200, "text/plain", std::string(20 << 20, 'x')); },
      options};
  RawClient client{serving.server.address()};
  client.send(get);

  CHECK(poll_until(loop, [&] { return serving.server.connections() == 1; }));
  CHECK(poll_until(loop, [&] { return serving.server.connections() == 0; }));
  REQUIRE(serving.drops.size() == 1);
  CHECK(serving.drops[0].starts_with("reads too slowly: "));
}

TEST_CASE("an idle server, and one that waits for its handler, does not wake up") {
  loop::Loop loop;
  int turns = 0;
  loop.on_turn([&](Duration) { ++turns; });
  ServerOptions options;
  options.sweep_interval = Duration{5};
  Holding holding;
  Serving serving{loop, holding.handler(), options};
  RawClient client{serving.server.address()};
  client.send(get);
  REQUIRE(poll_until(loop, [&] { return holding.held.size() == 1; }));
  {
    RawClient idle{serving.server.address()};
    REQUIRE(poll_until(loop, [&] { return serving.server.connections() == 2; }));
  }
  REQUIRE(poll_until(loop, [&] { return serving.server.connections() == 1; }));

  loop::Timer timer{loop};
  timer.arm(Duration{200}, [&] { loop.stop(); });
  turns = 0;
  loop.run();

  CHECK(turns <= 4);
}

TEST_CASE("connections beyond the cap get a 503") {
  loop::Loop loop;
  ServerOptions options;
  options.max_connections = 2;
  Serving serving{loop, echo, options};
  RawClient a{serving.server.address()}, b{serving.server.address()};
  REQUIRE(poll_until(loop, [&] { return serving.server.connections() == 2; }));

  RawClient c{serving.server.address()};

  CHECK(poll_until(loop, [&] { return c.received().starts_with("HTTP/1.1 503 "); }));
  a.send(get);
  CHECK(poll_until(loop, [&] { return a.received().starts_with("HTTP/1.1 200 "); }));
}

TEST_CASE("a thousand clients at once are all served in bounded memory") {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 4096) {
    files.rlim_cur = std::min<rlim_t>(4096, files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  REQUIRE(files.rlim_cur >= 2100);
  loop::Loop loop;
  Serving serving{loop, echo};
  const std::size_t before = resident_kib();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(std::make_unique<RawClient>(serving.server.address()));
    if (i % 100 == 0) loop.run_ready();
  }

  for (auto& client : clients) client->send(get);
  CHECK(poll_until(loop, [&] { return serving.server.requests() == 1000; }));
  for (auto& client : clients) CHECK(client->received().ends_with("GET /x "));

  CHECK(serving.server.connections() == 1000);
  CHECK(resident_kib() < before + 16 * 1024);
  clients.clear();
  CHECK(poll_until(loop, [&] { return serving.server.connections() == 0; }));
}

TEST_CASE("draining lets answers finish, closes idle connections and then is done") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  RawClient busy{serving.server.address()}, idle{serving.server.address()};
  busy.send(get);
  REQUIRE(poll_until(
      loop, [&] { return holding.held.size() == 1 && serving.server.connections() == 2; }));
  bool done = false;

  serving.server.drain(Duration{5000}, [&] { done = true; });
  CHECK(poll_until(loop, [&] { return idle.is_closed(); }));
  CHECK_FALSE(done);
  holding.held[0].respond(200, "text/plain", "last");

  CHECK(poll_until(loop, [&] { return busy.is_closed(); }));
  CHECK(busy.received().ends_with("last"));
  busy.close();
  CHECK(poll_until(loop, [&] { return done; }));
}

TEST_CASE("draining drops what does not finish in its grace") {
  loop::Loop loop;
  Holding holding;
  Serving serving{loop, holding.handler()};
  RawClient client{serving.server.address()};
  client.send(get);
  REQUIRE(poll_until(loop, [&] { return holding.held.size() == 1; }));
  bool done = false;

  serving.server.drain(Duration{20}, [&] { done = true; });

  CHECK(poll_until(loop, [&] { return done; }));
  CHECK_FALSE(holding.held[0].is_open());
  CHECK(serving.drops == std::vector<std::string>{"was cut off: the server stops"});
}

TEST_CASE("a server may be destroyed by its own handler, and exchanges survive it") {
  loop::Loop loop;
  std::optional<Exchange> kept;
  std::optional<Server> server;
  server.emplace(loop, [&](Exchange exchange) {
    kept.emplace(std::move(exchange));
    server.reset();
  });
  REQUIRE(server->listen_tcp(loopback()));
  RawClient client{server->address()};
  client.send(get);

  CHECK(poll_until(loop, [&] { return client.is_closed(); }));

  CHECK_FALSE(kept->is_open());
  kept->respond(200, "text/plain", "nobody hears");
}

TEST_CASE("an answer that was given leaves, though the server is destroyed in the same turn") {
  loop::Loop loop;
  Holding holding;
  std::optional<Serving> serving{std::in_place, loop, holding.handler()};
  RawClient client{serving->server.address()};
  client.send(get);
  CHECK(poll_until(loop, [&] { return holding.held.size() == 1; }));

  holding.held[0].respond(200, "text/plain", "last words");
  serving.reset();

  CHECK(poll_until(loop, [&] { return client.is_closed(); }));
  CHECK(client.received().ends_with("last words"));
}

TEST_CASE("doors are told apart, and a unix client is known") {
  loop::Loop loop;
  const testing::TemporaryDirectory folder;
  const std::string path = folder / "x.sock";
  {
    Serving serving{loop, [](Exchange exchange) {
                      const auto peer = exchange.peer();
                      exchange.respond(200, "text/plain",
                                       std::to_string(exchange.door()) + " " +
                                           (peer ? std::to_string(peer->pid) : "nobody"));
                    }};
    const loop::Address tcp = serving.server.address();
    REQUIRE(serving.server.listen_unix(path, 7));
    RawClient local{serving.server.address()}, remote{tcp};
    local.send(get);
    remote.send(get);

    CHECK(poll_until(
        loop, [&] { return local.received().ends_with("7 " + std::to_string(::getpid())); }));
    CHECK(poll_until(loop, [&] { return remote.received().ends_with("0 nobody"); }));
  }
}
