// The client over TLS: everything that holds over plain TCP, and what is new.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "authority.h"
#include "calling.h"
#include "front.h"
#include "http/event_stream.h"
#include "http_fixture.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::http;
using mcpctl::testing::Authority;
using mcpctl::testing::Credentials;
using mcpctl::testing::TlsFront;

namespace {

const Authority& authority() {
  static const Authority made;
  return made;
}

/// While it lives, this process trusts the tests' authority only.
struct Trusting {
  Trusting() {
    authority().write_bundle(folder / "ca.pem");
    ::setenv("SSL_CERT_FILE", (folder / "ca.pem").c_str(), 1);
  }
  ~Trusting() { ::unsetenv("SSL_CERT_FILE"); }
  const testing::TemporaryDirectory folder;
};

/// A server of ours behind a TLS front on localhost.
struct Secured {
  Secured(loop::Loop& loop, Server::Handler handler, const std::string& hosts = "DNS:localhost",
          TlsFront::Manner manner = {})
      : serving(loop, std::move(handler),
                [] {
                  ServerOptions options;
                  options.limits.body_bytes = 8 << 20;
                  return options;
                }()),
        credentials(authority().issue({.hosts = hosts})),
        front(loop, credentials, serving.server.address(), manner) {}

  Url url(const std::string& target = "/x", const std::string& host = "localhost") const {
    auto url = parse_url("https://" + host + ":" + std::to_string(front.address().port()) + target);
    REQUIRE(url);
    return *url;
  }

  Trusting trusting;
  Serving serving;
  Credentials credentials;
  TlsFront front;
};

/// Any bytes behind a TLS front.
struct RawSecured {
  RawSecured(loop::Loop& loop, std::string answer, bool closes, TlsFront::Manner manner)
      : server(loop, std::move(answer), closes),
        credentials(authority().issue({.hosts = "IP:127.0.0.1"})),
        front(loop, credentials, server.listener->address(), manner) {}

  Url url() const { return *parse_url("https://" + front.address().text() + "/x"); }
  std::string prefix() const { return "cannot GET " + url().text() + ": "; }

  Trusting trusting;
  RawServer server;
  Credentials credentials;
  TlsFront front;
};

CallOptions reusing() {
  CallOptions options;
  options.reuse = true;
  options.limits.body_bytes = 8 << 20;
  return options;
}

}  // namespace

TEST_CASE("https carries large bodies both ways, and many calls on one connection") {
  loop::Loop loop;
  Secured secured{loop, [](Exchange exchange) {
                    const std::string body = exchange.request().body;
                    exchange.respond(200, "text/plain", body + body.substr(0, 1));
                  }};
  Client client{loop};
  const std::string big(4 << 20, 'x');

  Calling large{client, {"POST", secured.url(), {}, big}, reusing()};
  REQUIRE(poll_until(loop, [&] { return large.is_done(); }));
  REQUIRE(large.error() == "");
  CHECK((*large.outcome)->body == big + "x");
  for (int i = 0; i < 100; ++i) {
    const std::string body = std::to_string(i);
    Calling small{client, {"POST", secured.url(), {}, body}, reusing()};
    REQUIRE(poll_until(loop, [&] { return small.is_done(); }));
    REQUIRE(small.error() == "");
    CHECK((*small.outcome)->body == body + body.substr(0, 1));
  }

  CHECK(secured.front.connections() == 1);
  CHECK(client.idle_connections() == 1);
}

TEST_CASE("an address in the URL must stand in the certificate, too") {
  loop::Loop loop;
  Secured secured{loop, echo, "DNS:localhost,IP:127.0.0.1"};
  Client client{loop};

  Calling named{client, {"GET", secured.url("/a"), {}, ""}};
  Calling literal{client, {"GET", secured.url("/b", "127.0.0.1"), {}, ""}};
  REQUIRE(poll_until(loop, [&] { return named.is_done() && literal.is_done(); }));

  CHECK(named.error() == "");
  CHECK(literal.error() == "");
}

TEST_CASE("a certificate for another host ends the call before a byte of it is sent") {
  loop::Loop loop;
  Secured secured{loop, [](Exchange) { FAIL("must not be sent"); }, "DNS:other.example"};
  Client client{loop};

  Calling calling{client, {"POST", secured.url("/mcp?key=secret"), {}, "body"}};
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));

  CHECK(calling.error() == "cannot POST https://" + secured.url().authority +
                               "/mcp: the certificate is for other.example, not localhost");
}

TEST_CASE("without trusted certificates the call says what to do") {
  loop::Loop loop;
  Secured secured{loop, echo};
  Client client{loop};
  ::setenv("SSL_CERT_FILE", "/absent.pem", 1);

  Calling calling{client, {"GET", secured.url(), {}, ""}};
  CHECK_FALSE(calling.is_done());
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));

  CHECK(calling.error() == "cannot GET " + secured.url().text() +
                               ": cannot read the trusted certificates of "
                               "SSL_CERT_FILE=/absent.pem: No such file or directory");
}

TEST_CASE("a port that speaks plain HTTP, and one that closes, are told apart") {
  loop::Loop loop;
  const Trusting trusting;
  Serving plain{loop, echo};
  RawServer closing{loop, "", true};
  Client client{loop};
  const auto over_tls = [](const loop::Address& address) {
    return *parse_url("https://" + address.text() + "/x");
  };

  Calling wrong{client, {"GET", over_tls(plain.server.address()), {}, ""}};
  Calling closed{client, {"GET", over_tls(closing.listener->address()), {}, ""}};
  REQUIRE(poll_until(loop, [&] { return wrong.is_done() && closed.is_done(); }));

  CHECK(wrong.error().ends_with("the server does not speak TLS on this port; is it http://?"));
  CHECK(closed.error().ends_with("the server closed the connection during the TLS handshake"));
}

TEST_CASE("a peer that stalls in the handshake is left at the deadline") {
  loop::Loop loop;
  Secured secured{loop, echo, "DNS:localhost", {.is_mute = true}};
  Client client{loop};
  CallOptions impatient;
  impatient.connect_timeout = Duration{500};  // enough for all but the handshake

  Calling calling{client, {"GET", secured.url(), {}, ""}, impatient};
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));

  CHECK(calling.error() ==
        "cannot GET " + secured.url().text() + ": the TLS handshake was not done in time");
}

TEST_CASE("a body without a length counts only with TLS's goodbye, one with a length always") {
  loop::Loop loop;
  Client client{loop};
  const auto error_of = [&](const std::string& answer, bool says_goodbye) {
    RawSecured secured{loop, answer, true, {.says_goodbye = says_goodbye}};
    Calling calling{client, {"GET", secured.url(), {}, ""}};
    REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
    const std::string error = calling.error();
    return error.empty() ? (*calling.outcome)->body : error.substr(secured.prefix().size());
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";

  CHECK(error_of(head + "\r\nwhole", true) == "whole");
  CHECK(error_of(head + "\r\nhalf", false) ==
        "the TLS connection was cut: the answer may not be complete");
  CHECK(error_of(head + "Content-Length: 5\r\n\r\nwhole", false) == "whole");
  CHECK(error_of(head + "Content-Length: 9\r\n\r\nhalf", true) ==
        "the answer is not valid HTTP: the connection ended early");
  CHECK(error_of("", true) == "the server closed the connection");
}

TEST_CASE("events over TLS arrive one by one") {
  loop::Loop loop;
  std::unique_ptr<EventStream> stream;
  Secured secured{loop, [&](Exchange exchange) {
                    stream = std::make_unique<EventStream>(loop, std::move(exchange));
                  }};
  Client client{loop};
  CallOptions endless;
  endless.total_timeout = Duration{0};
  std::vector<std::string> events;
  CallCallbacks callbacks;
  callbacks.on_event = [&](const SseEvent& event) { events.push_back(event.data); };

  Calling calling{client, {"GET", secured.url(), {}, ""}, endless, std::move(callbacks)};
  REQUIRE(poll_until(loop, [&] { return stream != nullptr; }));
  stream->event("1", "", "one");
  CHECK(poll_until(loop, [&] { return events.size() == 1; }));
  stream->event("2", "", "two");
  CHECK(poll_until(loop, [&] { return events.size() == 2; }));
  stream->finish();
  CHECK(poll_until(loop, [&] { return calling.is_done(); }));

  CHECK(calling.error() == "");
  CHECK(events == std::vector<std::string>{"one", "two"});
}

TEST_CASE("a paused stream over TLS holds its server back and loses nothing") {
  loop::Loop loop;
  const std::string big(32 << 20, 'x');
  RawSecured secured{loop, "HTTP/1.1 200 OK\r\n\r\n" + big, true, {}};
  Client client{loop};
  std::size_t got = 0;
  CallCallbacks callbacks;
  callbacks.on_body = [&](std::string_view piece) { got += piece.size(); };
  Calling calling{client, {"GET", secured.url(), {}, ""}, {}, std::move(callbacks)};
  calling.call.pause();  // the handshake goes on all the same
  turn_for(loop, Duration{20});
  CHECK(got == 0);
  calling.call.resume();
  REQUIRE(poll_until(loop, [&] { return got > 0; }));

  calling.call.pause();
  REQUIRE(poll_until(loop, [&] {
    return secured.front.queued() > 0 && secured.server.peers[0]->connection->queued() > 0;
  }));
  const std::size_t held = got;
  turn_for(loop, Duration{50});
  CHECK(got == held);

  calling.call.resume();
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
  CHECK(calling.error() == "");
  CHECK(got == big.size());
}

TEST_CASE("an idle TLS connection goes when its server says goodbye") {
  loop::Loop loop;
  Secured secured{loop, echo};
  Client client{loop};
  Calling calling{client, {"GET", secured.url(), {}, ""}, reusing()};
  REQUIRE(poll_until(loop, [&] { return calling.is_done(); }));
  REQUIRE(client.idle_connections() == 1);
  turn_for(loop, Duration{20});  // session tickets are no reason to drop it
  CHECK(client.idle_connections() == 1);

  secured.serving.server.drain(Duration{1000}, [] {});

  CHECK(poll_until(loop, [&] { return client.idle_connections() == 0; }));
}

TEST_CASE("a call over TLS may be cancelled in its handshake and in its callbacks") {
  loop::Loop loop;
  Secured secured{loop, echo};
  Client client{loop};
  std::optional<Calling> early{std::in_place, client, Outgoing{"GET", secured.url(), {}, ""},
                               CallOptions{}};
  REQUIRE(poll_until(loop, [&] { return secured.front.connections() == 1; }));
  early.reset();

  auto self = std::make_unique<Call>();
  bool told = false;
  CallCallbacks callbacks;
  callbacks.on_body = [&](std::string_view) {
    told = true;
    self.reset();
  };
  callbacks.on_done = [](const Result<Response>&) { FAIL("was cancelled"); };
  *self = client.send({"GET", secured.url(), {}, ""}, {}, std::move(callbacks));

  CHECK(poll_until(loop, [&] { return told; }));
  CHECK(poll_until(loop, [&] { return secured.serving.server.connections() == 0; }));
}
