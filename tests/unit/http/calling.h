// What the tests of the client share: a call that remembers its end, and a server
// that answers with any bytes.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "http_fixture.h"
#include "loop/connection.h"
#include "loop/listener.h"

namespace mcpctl::http {

inline Url url_of(const loop::Address& address, const std::string& target = "/x") {
  auto url = parse_url("http://" + address.text() + target);
  REQUIRE(url);
  return *url;
}

/// A call that remembers how it ended.
struct Calling {
  std::optional<Result<Response>> outcome;
  Call call;

  Calling(Client& client, Outgoing request, CallOptions options = {},
          CallCallbacks callbacks = {}) {
    callbacks.on_done = [this](Result<Response> result) { outcome.emplace(std::move(result)); };
    call = client.send(std::move(request), options, std::move(callbacks));
  }
  bool is_done() const { return outcome.has_value(); }
  std::string error() const { return *outcome ? "" : outcome->error().message; }
};

/// A server that answers every connection with fixed bytes, however wrong, and
/// closes or not.
struct RawServer {
  struct Peer {
    std::optional<loop::Connection> connection;
    std::string received;
  };

  std::optional<loop::Listener> listener;
  std::vector<std::unique_ptr<Peer>> peers;
  std::string answer;
  bool closes;

  RawServer(loop::Loop& loop, std::string bytes, bool close_after)
      : answer(std::move(bytes)), closes(close_after) {
    auto opened = loop::Listener::tcp(
        loop, loopback(), {[this, &loop](loop::Fd fd) { accept(loop, std::move(fd)); }, {}});
    REQUIRE(opened);
    listener.emplace(std::move(*opened));
  }

  void accept(loop::Loop& loop, loop::Fd fd) {
    peers.push_back(std::make_unique<Peer>());
    Peer& peer = *peers.back();
    auto opened = loop::Connection::open(loop, std::move(fd),
                                         {[this, &peer](std::string_view bytes) {
                                            const bool first = peer.received.empty();
                                            peer.received += bytes;
                                            if (!first) return;
                                            peer.connection->write(answer);
                                            if (closes) peer.connection->shutdown();
                                          },
                                          {},
                                          {},
                                          {},
                                          {}});
    peer.connection.emplace(std::move(*opened));
  }

  Url url() const { return url_of(listener->address()); }
  std::string prefix() const { return "cannot GET http://" + listener->address().text() + "/x: "; }
};

}  // namespace mcpctl::http
