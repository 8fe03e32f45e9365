#include "front.h"

#include <doctest/doctest.h>

#include <utility>

namespace mcpctl::testing {

namespace {

/// What may wait for a client before the server behind is held back.
constexpr std::size_t most_queued = 1 << 20;

}  // namespace

struct TlsFront::Peer {
  Peer(TlsFront& owner, loop::Fd socket)
      : front(owner), session(owner.credentials_, owner.manner_.newest) {
    auto opened = loop::Connection::open(owner.loop_, std::move(socket),
                                         {[this](std::string_view bytes) { from_client(bytes); },
                                          {},
                                          [this](const Error&) { leave(); },
                                          [this] { drained(); },
                                          [this] { leave(); }});
    REQUIRE(opened);
    client.emplace(std::move(*opened));
  }

  TlsFront& front;
  ServerSession session;
  std::optional<loop::Connection> client;
  std::optional<loop::Connector> connector;
  std::optional<loop::Connection> server;
  std::string early;  // for the server, before it is connected

  void from_client(std::string_view bytes) {
    if (front.manner_.is_mute) return;
    const std::string said = session.receive(bytes);
    flush();
    if (!connector && session.is_open()) connect();
    if (server) {
      server->write(said);
    } else {
      early += said;
    }
  }

  void connect() {
    connector.emplace(front.loop_, std::vector{front.behind_}, [this](Result<loop::Fd> socket) {
      if (!socket) return leave();
      auto opened = loop::Connection::open(front.loop_, std::move(*socket),
                                           {[this](std::string_view bytes) { from_server(bytes); },
                                            {},
                                            [this](const Error&) { leave(); },
                                            {},
                                            [this] { end_of_server(); }});
      REQUIRE(opened);
      server.emplace(std::move(*opened));
      server->write(early);
    });
  }

  void from_server(std::string_view bytes) {
    session.send(bytes);
    flush();
    if (client->queued() > most_queued) server->pause();
  }

  void end_of_server() {
    if (front.manner_.says_goodbye) session.close();
    flush();
    client->shutdown();
  }

  void drained() {
    if (server) server->resume();
  }

  void flush() { client->write(session.take_output()); }

  /// Destroys this.
  void leave() {
    std::erase_if(front.peers_, [this](const auto& peer) { return peer.get() == this; });
  }
};

TlsFront::TlsFront(loop::Loop& loop, const Credentials& credentials, const loop::Address& behind,
                   Manner manner)
    : loop_(loop), credentials_(credentials), behind_(behind), manner_(manner) {
  auto opened = loop::Listener::tcp(loop, *loop::Address::ip("127.0.0.1", 0),
                                    {[this](loop::Fd fd) { accept(std::move(fd)); }, {}});
  REQUIRE(opened);
  listener_.emplace(std::move(*opened));
}

TlsFront::~TlsFront() = default;

void TlsFront::accept(loop::Fd socket) {
  ++accepted_;
  peers_.push_back(std::make_unique<Peer>(*this, std::move(socket)));
}

std::size_t TlsFront::queued() const {
  std::size_t bytes = 0;
  for (const auto& peer : peers_) bytes += peer->client->queued();
  return bytes;
}

}  // namespace mcpctl::testing
