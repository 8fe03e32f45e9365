#include "http/client.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "calling.h"
#include "http/event_stream.h"
#include "http_fixture.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::http;

namespace {

CallOptions quick() {
  CallOptions options;
  options.total_timeout = Duration{100};
  return options;
}

}  // namespace

TEST_CASE("a call sends its request and gets the answer") {
  loop::Loop loop;
  std::optional<Request> seen;
  Serving serving{loop, [&](Exchange exchange) {
                    seen = exchange.request();
                    exchange.respond(201, "application/json", "{}");
                  }};
  Client client{loop};

  Calling calling{client,
                  {"POST",
                   url_of(serving.server.address(), "/a?b=1"),
                   {{"X-Key", "v"}, {"Host", "evil"}},
                   "body"}};
  CHECK_FALSE(calling.is_done());
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));

  REQUIRE(calling.outcome->has_value());
  CHECK((*calling.outcome)->status == 201);
  CHECK((*calling.outcome)->body == "{}");
  CHECK(seen->target == "/a?b=1");
  CHECK(seen->body == "body");
  CHECK(seen->headers.get("X-Key") == "v");
  CHECK(seen->headers.get("Host") == serving.server.address().text());
  CHECK(seen->headers.get("Connection") == "close");
  CHECK_FALSE(calling.call.is_running());
}

TEST_CASE("a call reaches localhost by name and a unix socket by path") {
  loop::Loop loop;
  const testing::TemporaryDirectory folder;
  const std::string path = folder / "x.sock";
  {
    Serving serving{loop, echo};
    const auto port = std::to_string(serving.server.address().port());
    REQUIRE(serving.server.listen_unix(path));
    Client client{loop};

    Calling named{client, {"GET", *parse_url("http://localhost:" + port + "/n"), {}, ""}};
    Calling local{client, {"GET", *parse_url("unix:" + path + ":/u"), {}, ""}};
    REQUIRE(poll_until(loop, [&] { return named.is_done() && local.is_done(); }));

    CHECK((*named.outcome)->body == "GET /n ");
    CHECK((*local.outcome)->body == "GET /u ");
  }
}

TEST_CASE("any status is an answer, and redirects are not followed") {
  loop::Loop loop;
  int requests = 0;
  Serving serving{loop, [&](Exchange exchange) {
                    ++requests;
                    exchange.respond({302, {{"Location", "/elsewhere"}}, ""});
                  }};
  Client client{loop};

  Calling calling{client, {"GET", url_of(serving.server.address()), {}, ""}};
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));

  CHECK((*calling.outcome)->status == 302);
  CHECK(requests == 1);
}

TEST_CASE("HEAD, chunked and until-close bodies are understood") {
  loop::Loop loop;
  Serving serving{loop, [](Exchange exchange) {
                    exchange.begin(200, {});
                    exchange.write("hello ");
                    exchange.write("world");
                    exchange.finish();
                  }};
  RawServer old{loop, "HTTP/1.0 200 OK\r\n\r\nuntil the end", true};
  Client client{loop};

  Calling head{client, {"HEAD", url_of(serving.server.address()), {}, ""}};
  Calling chunked{client, {"GET", url_of(serving.server.address()), {}, ""}};
  Calling until_close{client, {"GET", old.url(), {}, ""}};
  REQUIRE(poll_until(loop,
                     [&] { return head.is_done() && chunked.is_done() && until_close.is_done(); }));

  CHECK((*head.outcome)->body == "");
  CHECK((*chunked.outcome)->body == "hello world");
  CHECK((*until_close.outcome)->body == "until the end");
}

TEST_CASE("a refused connection is an error that says so, without the query") {
  loop::Loop loop;
  Url dead;
  {
    Serving gone{loop, echo};
    dead = url_of(gone.server.address(), "/x?key=secret");
  }
  Client client{loop};

  Calling refused{client, {"GET", dead, {}, ""}};
  REQUIRE(poll_until(loop, [&] { return refused.is_done(); }));

  CHECK(refused.error() == "cannot GET http://" + dead.authority + "/x: cannot connect to " +
                               dead.authority + ": Connection refused");
}

TEST_CASE("a header that would split the request is refused without quoting its value") {
  loop::Loop loop;
  Serving serving{loop, [](Exchange) { FAIL("must not be sent"); }};
  Client client{loop};
  const Url url = url_of(serving.server.address());

  Calling calling{client, {"GET", url, {{"Authorization", "secret\r\nX: y"}}, ""}};
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));

  CHECK(calling.error().ends_with(
      "the value of the header Authorization holds a line end or another control character"));
  CHECK(calling.error().find("secret") == std::string::npos);
}

TEST_CASE("a hostile server costs an error, never more") {
  loop::Loop loop;
  Client client{loop};
  const auto expect = [&](std::string answer, bool closes, CallOptions options,
                          const std::string& why) {
    RawServer server{loop, std::move(answer), closes};
    Calling calling{client, {"GET", server.url(), {}, ""}, options};
    REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
    CHECK(calling.error() == server.prefix() + why);
  };
  CallOptions small;
  small.limits.body_bytes = 100;
  CallOptions impatient;
  impatient.first_byte_timeout = Duration{30};
  CallOptions idle;
  idle.idle_timeout = Duration{30};
  const std::string ok = "HTTP/1.1 200 OK\r\n";

  expect("", true, {}, "the server closed the connection");
  expect(ok + "Content-Le", true, {}, "the answer is not valid HTTP: the connection ended early");
  expect(ok + "Content-Length: 10\r\n\r\nshort", true, {},
         "the answer is not valid HTTP: the connection ended early");
  expect(ok + "X: " + std::string(1 << 20, 'x'), false, {},
         "the answer is not valid HTTP: more header bytes than 16384");
  expect(ok + "Content-Length: 101\r\n\r\n", false, small, "the answer has a body larger than 100");
  expect(ok + "\r\n" + std::string(1000, 'x'), false, small,
         "the answer has a body larger than 100");
  expect(ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", false, {},
         "the answer is not valid HTTP: Duplicate Content-Length");
  expect("SSH-2.0-OpenSSH\r\n", false, {}, "the answer is not valid HTTP: Expected HTTP/");
  expect("", false, impatient, "no answer in time");
  expect(ok + "Content-Length: 10\r\n\r\nshort", false, idle, "the answer stopped half-way");
  expect(ok, false, quick(), "no complete answer in time");
}

TEST_CASE("a trickling server is cut at the total deadline") {
  loop::Loop loop;
  RawServer server{loop, "HTTP/1.1 200 OK\r\n\r\n", false};
  Client client{loop};
  CallOptions options = quick();
  options.idle_timeout = Duration{50};
  Calling calling{client, {"GET", server.url(), {}, ""}, options};
  const Instant began = loop.now();

  REQUIRE(poll_until(loop, [&] {
    if (!server.peers.empty() && !server.peers[0]->received.empty()) {
      server.peers[0]->connection->write("x");
    }
    return calling.is_done();
  }));

  CHECK(calling.error() == server.prefix() + "no complete answer in time");
  CHECK(loop.now() - began < Duration{2000});
}

TEST_CASE("events of a stream arrive one by one, other bodies whole") {
  loop::Loop loop;
  std::unique_ptr<EventStream> stream;
  Serving serving{loop, [&](Exchange exchange) {
                    if (exchange.request().path == "/json") {
                      return exchange.respond(200, "application/json", "{}");
                    }
                    stream = std::make_unique<EventStream>(loop, std::move(exchange));
                  }};
  Client client{loop};
  CallOptions endless;
  endless.total_timeout = Duration{0};
  std::vector<std::string> events;
  int status = 0;
  const auto callbacks = [&] {
    CallCallbacks made;
    made.on_head = [&](const Response& head) { status = head.status; };
    made.on_event = [&](const SseEvent& event) {
      events.push_back(event.id + "|" + event.type + "|" + event.data);
    };
    return made;
  };

  Calling streaming{
      client, {"GET", url_of(serving.server.address()), {}, ""}, endless, callbacks()};
  REQUIRE(poll_until(loop, [&] { return stream != nullptr; }));
  stream->event("1", "", "one");
  CHECK(poll_until(loop, [&] { return events.size() == 1; }));
  stream->event("2", "log", "two\nlines");
  CHECK(poll_until(loop, [&] { return events.size() == 2; }));
  CHECK(status == 200);
  CHECK_FALSE(streaming.is_done());
  stream->finish();
  CHECK(poll_until(loop, [&] { return streaming.is_done(); }));

  CHECK(events == std::vector<std::string>{"1|message|one", "2|log|two\nlines"});
  Calling json{client, {"GET", url_of(serving.server.address(), "/json"), {}, ""}, {}, callbacks()};
  REQUIRE(poll_until(loop, [&] { return json.is_done(); }));
  CHECK((*json.outcome)->body == "{}");
}

TEST_CASE("a paused stream holds its server back and loses nothing at the end") {
  loop::Loop loop;
  const std::string big(32 << 20, 'x');
  RawServer server{loop, "HTTP/1.1 200 OK\r\n\r\n" + big, true};
  Client client{loop};
  std::size_t got = 0;
  CallCallbacks callbacks;
  callbacks.on_body = [&](std::string_view piece) { got += piece.size(); };
  Calling calling{client, {"GET", server.url(), {}, ""}, {}, std::move(callbacks)};
  REQUIRE(poll_until(loop, [&] { return got > 0; }));

  calling.call.pause();
  turn_for(loop, Duration{20});
  const std::size_t held = got;
  turn_for(loop, Duration{20});
  CHECK(got == held);
  CHECK(server.peers[0]->connection->queued() > 0);

  calling.call.resume();
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
  CHECK(calling.outcome->has_value());
  CHECK(got == big.size());
}

TEST_CASE("a connection is reused when both sides want it, and a stale one is replaced") {
  loop::Loop loop;
  Serving serving{loop, echo};
  Client client{loop};
  CallOptions options;
  options.reuse = true;
  const Url url = url_of(serving.server.address());

  for (int i = 0; i < 3; ++i) {
    Calling calling{client, {"POST", url, {}, "x"}, options};
    REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
    REQUIRE(calling.outcome->has_value());
  }
  CHECK(serving.server.connections() == 1);
  CHECK(client.idle_connections() == 1);

  // The server says goodbye and the client hears it.
  serving.server.drain(Duration{1000}, [] {});
  CHECK(poll_until(loop, [&] { return client.idle_connections() == 0; }));
}

TEST_CASE("a request on a connection that dies unanswered is repeated only if that is harmless") {
  loop::Loop loop;
  RawServer server{loop, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false};
  Client client{loop};
  CallOptions options;
  options.reuse = true;
  const auto first = [&] {
    Calling calling{client, {"GET", server.url(), {}, ""}, options};
    REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
    REQUIRE(client.idle_connections() == 1);
  };

  first();
  Calling harmless{client, {"GET", server.url(), {}, ""}, options};
  server.peers[0]->connection.reset();
  REQUIRE(poll_until(loop, [&] { return harmless.is_done(); }));
  CHECK(harmless.outcome->has_value());

  Calling harmful{client, {"POST", server.url(), {}, "x"}, options};
  server.peers.back()->connection.reset();
  REQUIRE(poll_until(loop, [&] { return harmful.is_done(); }));
  CHECK_FALSE(harmful.outcome->has_value());
}

TEST_CASE("a call may be cancelled at any time, also by its own callbacks") {
  loop::Loop loop;
  Serving serving{loop, echo};
  Client client{loop};
  const Url url = url_of(serving.server.address());
  {
    Calling early{client, {"GET", url, {}, ""}};
  }

  auto self = std::make_unique<Call>();
  CallCallbacks callbacks;
  bool told = false;
  SUBCASE("on_head") {
    callbacks.on_head = [&](const Response&) {
      told = true;
      self.reset();
    };
    callbacks.on_done = [](const Result<Response>&) { FAIL("was cancelled"); };
  }
  SUBCASE("on_body") {
    callbacks.on_body = [&](std::string_view) {
      told = true;
      self.reset();
    };
    callbacks.on_done = [](const Result<Response>&) { FAIL("was cancelled"); };
  }
  SUBCASE("on_done") {
    callbacks.on_done = [&](const Result<Response>&) {
      told = true;
      self.reset();
    };
  }
  *self = client.send({"GET", url, {}, ""}, {}, std::move(callbacks));

  CHECK(poll_until(loop, [&] { return told; }));
  CHECK(poll_until(loop, [&] { return serving.server.connections() == 0; }));
}

TEST_CASE("a client may be destroyed before its calls end") {
  loop::Loop loop;
  Serving serving{loop, echo};
  auto client = std::make_unique<Client>(loop);
  CallOptions options;
  options.reuse = true;
  Calling calling{*client, {"GET", url_of(serving.server.address()), {}, ""}, options};

  client.reset();

  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
  CHECK(calling.outcome->has_value());
}
