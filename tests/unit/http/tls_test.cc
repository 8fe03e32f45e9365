// The client's TLS as a machine: bytes in, bytes out, no socket.
#include "http/tls.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "authority.h"
#include "server_session.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::http;
using mcpctl::testing::Authority;
using mcpctl::testing::Credentials;
using mcpctl::testing::ServerSession;

namespace {

/// A folder with a bundle of one authority.
struct Bundle {
  Bundle() { authority.write_bundle(file()); }
  std::string file() const { return folder / "ca.pem"; }

  const testing::TemporaryDirectory folder;
  Authority authority;
};

/// A client and a server whose bytes are carried `step` at a time.
struct Pair {
  Pair(const Trust& trust, const Credentials& credentials, const std::string& host,
       int newest = TLS1_3_VERSION)
      : server(credentials, newest) {
    auto context = tls_context(trust);
    REQUIRE(context);
    client.emplace(std::move(*context), host);
    outcome = client->begin();
  }

  void carry() {
    for (bool moved = true; moved;) {
      const std::string up = client->take_output();
      for (std::size_t at = 0; at < up.size(); at += step) {
        server_heard += server.receive(std::string_view{up}.substr(at, step));
      }
      const std::string down = server.take_output();
      for (std::size_t at = 0; at < down.size() && outcome; at += step) {
        outcome = client->receive(std::string_view{down}.substr(at, step), client_heard);
      }
      moved = !up.empty() || !down.empty();
    }
  }

  std::string error() const { return outcome ? "" : outcome.error().message; }

  std::size_t step{100'000};
  ServerSession server;
  std::optional<TlsSession> client;
  Result<void> outcome;
  std::string client_heard;
  std::string server_heard;
};

}  // namespace

TEST_CASE("a server with a good certificate is spoken to, in pieces of any size") {
  const Bundle bundle;
  const Credentials credentials =
      bundle.authority.issue({.hosts = "DNS:*.b.example,DNS:a.example"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{100'000}}) {
      CAPTURE(version);
      CAPTURE(step);
      Pair pair{{.file = bundle.file()}, credentials, "a.example", version};
      pair.step = step;
      pair.carry();
      REQUIRE(pair.error() == "");
      REQUIRE(pair.client->is_open());

      CHECK(pair.client->send("question"));
      pair.carry();
      pair.server.send("answer");
      pair.carry();

      CHECK(pair.server_heard == "question");
      CHECK(pair.client_heard == "answer");
      CHECK(pair.server.server_name() == "a.example");
      CHECK(pair.server.protocol() == "http/1.1");
      CHECK_FALSE(pair.client->is_closed());
    }
  }
}

TEST_CASE("a certificate counts for the names and addresses in it, and for no other") {
  const Bundle bundle;
  const Credentials credentials = bundle.authority.issue(
      {.name = "c.example", .hosts = "DNS:*.b.example,DNS:a.example,IP:127.0.0.1,IP:::1"});
  const auto error_for = [&](const std::string& host) {
    Pair pair{{.file = bundle.file()}, credentials, host};
    pair.carry();
    CHECK(pair.client->is_open() == pair.error().empty());
    return pair.error();
  };

  CHECK(error_for("a.example") == "");
  CHECK(error_for("A.Example.") == "");
  CHECK(error_for("x.b.example") == "");
  CHECK(error_for("127.0.0.1") == "");
  CHECK(error_for("::1") == "");
  const std::string hosts =
      "the certificate is for *.b.example, a.example, 127.0.0.1 and 1 more, not ";
  CHECK(error_for("b.example") == hosts + "b.example");
  CHECK(error_for("x.y.b.example") == hosts + "x.y.b.example");
  CHECK(error_for("c.example") == hosts + "c.example");  // the common name means nothing
  CHECK(error_for("127.0.0.2") == hosts + "127.0.0.2");
  CHECK(error_for(".b.example") == "the host's name cannot be that of a certificate");
}

TEST_CASE("a literal is no server name") {
  const Bundle bundle;
  const Credentials credentials = bundle.authority.issue({.hosts = "IP:127.0.0.1"});
  Pair pair{{.file = bundle.file()}, credentials, "127.0.0.1"};

  pair.carry();

  CHECK(pair.client->is_open());
  CHECK(pair.server.server_name() == "");
}

TEST_CASE("what is wrong with a certificate is said, and the server is told") {
  const Bundle bundle;
  const Authority stranger{"Unheard-of Authority"};
  const auto error_of = [&](const Credentials& credentials, const std::string& alert) {
    Pair pair{{.file = bundle.file()}, credentials, "a.example"};
    pair.carry();
    CHECK_FALSE(pair.client->is_open());
    CHECK(pair.server.alert() == alert);
    std::string nothing;
    CHECK_FALSE(pair.client->receive("more", nothing));
    return pair.error();
  };
  const auto subject = [](int from, int to) {
    return mcpctl::testing::Subject{
        .hosts = "DNS:a.example", .valid_from_days = from, .valid_to_days = to};
  };

  CHECK(error_of(bundle.authority.issue({}), "bad certificate") ==
        "the certificate is for no host at all, not a.example");
  const std::string expired =
      error_of(bundle.authority.issue(subject(-10, -3)), "certificate expired");
  CHECK(expired.starts_with("the certificate expired on 20"));
  CHECK(expired.size() == std::string{"the certificate expired on 2026-01-01"}.size());
  CHECK(error_of(bundle.authority.issue(subject(3, 10)), "bad certificate")
            .ends_with(" (is the clock here right?)"));
  CHECK(error_of(Authority::self_signed(subject(-1, 10)), "unknown CA") ==
        "the certificate is self-signed: trust it by a file that holds it, with SSL_CERT_FILE");
  CHECK(error_of(stranger.issue(subject(-1, 10)), "unknown CA") ==
        "the certificate was issued by Unheard-of Authority, which is not trusted here (" +
            bundle.file() + "); SSL_CERT_FILE can name a file that has it");
}

TEST_CASE("a self-signed certificate that the bundle holds is trusted") {
  const Bundle bundle;
  const Credentials credentials = Authority::self_signed({.hosts = "DNS:a.example"});
  Authority::write_bundle(bundle.folder / "own.pem", credentials.certificate.get());
  Pair pair{{.file = bundle.folder / "own.pem"}, credentials, "a.example"};

  pair.carry();

  CHECK(pair.error() == "");
  CHECK(pair.client->is_open());
}

TEST_CASE("text of a certificate cannot reach a terminal as control characters") {
  const Bundle bundle;
  const Authority hostile{"\x1b[2J\x07" + std::string(40, 'x')};
  Pair pair{{.file = bundle.file()}, hostile.issue({.hosts = "DNS:a.example"}), "a.example"};

  pair.carry();

  CHECK(pair.error().find("issued by ?[2J?xxx") != std::string::npos);
}

TEST_CASE("a server without TLS, or with one that is too old, is called that") {
  const Bundle bundle;
  const Credentials credentials = bundle.authority.issue({.hosts = "DNS:a.example"});
  std::string nothing;

  Pair plain{{.file = bundle.file()}, credentials, "a.example"};
  CHECK(plain.client->receive("HTTP/1.1 400 Bad Request\r\n", nothing).error().message ==
        "the server does not speak TLS on this port; is it http://?");

  Pair old{{.file = bundle.file()}, credentials, "a.example", TLS1_1_VERSION};
  old.carry();
  CHECK(old.error() == "the server speaks no TLS of 1.2 or newer");

  Pair garbage{{.file = bundle.file()}, credentials, "a.example"};
  const auto refused = garbage.client->receive({"\x16\x03\x03\0\x04"
                                                "garbage",
                                                12},
                                               nothing);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.starts_with("the TLS handshake failed: "));
}

TEST_CASE("a goodbye is told from a cut, and nothing after it is heard") {
  const Bundle bundle;
  const Credentials credentials = bundle.authority.issue({.hosts = "DNS:a.example"});
  Pair pair{{.file = bundle.file()}, credentials, "a.example"};
  pair.carry();

  pair.server.send("last words");
  pair.server.close();
  pair.carry();

  CHECK(pair.client_heard == "last words");
  CHECK(pair.client->is_closed());
  CHECK(pair.client->receive("garbage", pair.client_heard));
  CHECK(pair.client_heard == "last words");
}

TEST_CASE("bytes changed on the way are an error, what came before is heard") {
  const Bundle bundle;
  const Credentials credentials = bundle.authority.issue({.hosts = "DNS:a.example"});
  Pair pair{{.file = bundle.file()}, credentials, "a.example"};
  pair.carry();
  pair.server.send("good");
  std::string bytes = pair.server.take_output();
  pair.server.send("bad");
  std::string changed = pair.server.take_output();
  changed.back() = static_cast<char>(changed.back() ^ 1);

  const auto received = pair.client->receive(bytes + changed, pair.client_heard);

  CHECK(pair.client_heard == "good");
  REQUIRE_FALSE(received);
  CHECK(received.error().message.starts_with("the TLS connection is broken: "));
  CHECK_FALSE(pair.client->send("more"));
}

TEST_CASE("new keys in the middle are taken, a new handshake is declined") {
  const Bundle bundle;
  const Credentials credentials = bundle.authority.issue({.hosts = "DNS:a.example"});
  const auto after_renegotiation = [&](int version) {
    Pair pair{{.file = bundle.file()}, credentials, "a.example", version};
    pair.carry();
    pair.server.send("before ");
    pair.server.renegotiate();
    pair.carry();
    if (pair.outcome) pair.server.send("after");
    pair.carry();
    CHECK(pair.client_heard.starts_with("before "));
    return pair.outcome ? pair.client_heard : pair.error();
  };

  CHECK(after_renegotiation(TLS1_3_VERSION) == "before after");
  // This server insists.
  CHECK(after_renegotiation(TLS1_2_VERSION) ==
        "the server ended the TLS connection: handshake failure");
}

TEST_CASE("contexts of the same trust are one, and a changed bundle is another trust") {
  const Bundle bundle;
  Trust trust{.file = bundle.file()};
  const auto first = tls_context(trust);
  const auto second = tls_context(trust);
  trust.changed_ns = 1;
  const auto third = tls_context(trust);

  REQUIRE(first);
  CHECK(*first == *second);
  CHECK(*first != *third);
}

TEST_CASE("a bundle that holds no certificate is refused by its name") {
  const Bundle bundle;
  const std::string file = bundle.folder / "empty.pem";
  std::ofstream{file} << "not PEM\n";

  const auto context = tls_context({.file = file});

  REQUIRE_FALSE(context);
  CHECK(context.error().message ==
        "cannot read trusted certificates from " + file + ": it is not PEM");
}
