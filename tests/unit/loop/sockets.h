// Sockets for the tests of listeners, connections and connectors.
#pragma once
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loop/address.h"
#include "loop/connection.h"
#include "loop/fd.h"
#include "loop/listener.h"
#include "loop/loop.h"

namespace mcpctl::loop::testing {

inline Address loopback(std::uint16_t port = 0) { return *Address::ip("127.0.0.1", port); }

/// Accepts everything and keeps it.
struct Accepting {
  std::vector<Fd> accepted;
  std::vector<std::string> troubles;
  std::optional<Listener> listener;

  Listener::Callbacks callbacks() {
    return {[this](Fd fd) { accepted.push_back(std::move(fd)); },
            [this](Error error) { troubles.push_back(std::move(error.message)); }};
  }
  Accepting(Loop& loop, const std::string& path) {
    auto opened = Listener::unix_socket(loop, path, callbacks());
    REQUIRE(opened);
    listener.emplace(std::move(*opened));
  }
  explicit Accepting(Loop& loop) {
    auto opened = Listener::tcp(loop, loopback(), callbacks());
    REQUIRE(opened);
    listener.emplace(std::move(*opened));
  }
};

/// A blocking client socket.
inline Fd connect_to(const Address& address) {
  Fd fd{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::connect(fd.get(), address.raw(), address.size()) == 0);
  return fd;
}

/// Both ends of a stream: ours on the loop, the peer's raw.
struct Pair {
  Fd peer;
  std::string data;
  int peer_closed{0};
  int drained{0};
  int ended{0};
  std::optional<Error> broken;
  std::optional<Connection> connection;

  explicit Pair(Loop& loop) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    peer.reset(ends[1]);
    open(loop, Fd{ends[0]});
  }
  Pair(Loop& loop, Fd ours, Fd theirs) : peer(std::move(theirs)) { open(loop, std::move(ours)); }

 private:
  void open(Loop& loop, Fd ours) {
    auto opened = Connection::open(
        loop, std::move(ours),
        {[this](std::string_view bytes) { data += bytes; }, [this] { ++peer_closed; },
         [this](Error error) { broken = std::move(error); }, [this] { ++drained; },
         [this] { ++ended; }});
    REQUIRE(opened);
    connection.emplace(std::move(*opened));
  }
};

inline void send_all(const Fd& fd, std::string_view bytes) {
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
}

inline std::string receive(const Fd& fd, std::size_t size, int flags = 0) {
  std::string bytes(size, '\0');
  const ssize_t got = ::recv(fd.get(), bytes.data(), size, flags);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace mcpctl::loop::testing
