// What the tests of http/ share: a loop with a deadline and a client that speaks
// raw bytes.
#pragma once
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>

#include "http/server.h"
#include "loop/address.h"
#include "loop/fd.h"
#include "loop/loop.h"
#include "tests/unit/turning.h"

namespace mcpctl::http {

using testing::poll_until;  // no loop watches the sockets of a RawClient
using testing::turn_for;

inline loop::Address loopback() { return *loop::Address::ip("127.0.0.1", 0); }

/// Bytes in, bytes out; reads only when told.
class RawClient {
 public:
  explicit RawClient(const loop::Address& address)
      : fd_(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(::connect(fd_.get(), address.raw(), address.size()) == 0);
  }
  /// Comes from another address of this machine.
  RawClient(const loop::Address& address, const loop::Address& from)
      : fd_(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(::bind(fd_.get(), from.raw(), from.size()) == 0);
    REQUIRE(::connect(fd_.get(), address.raw(), address.size()) == 0);
  }

  /// As much as the kernel takes.
  std::size_t send(std::string_view bytes) {
    const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return put > 0 ? static_cast<std::size_t>(put) : 0;
  }
  void shut_down() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }

  void read() {
    char buffer[65536];
    while (!closed_) {
      const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) closed_ = true;
      if (got > 0) received_.append(buffer, static_cast<std::size_t>(got));
    }
  }
  bool is_closed() {
    read();
    return closed_;
  }
  const std::string& received() {
    read();
    return received_;
  }
  int fd() const { return fd_.get(); }

 private:
  loop::Fd fd_;
  std::string received_;
  bool closed_{false};
};

/// A server on loopback whose handler is the test's.
struct Serving {
  std::vector<std::string> drops;
  Server server;

  Serving(loop::Loop& loop, Server::Handler handler, ServerOptions options = {})
      : server(loop, std::move(handler), options) {
    REQUIRE(server.listen_tcp(loopback()));
    server.on_drop([this](std::string_view why) { drops.emplace_back(why); });
  }
};

/// Answers with method, path and body.
inline void echo(Exchange exchange) {
  const Request& request = exchange.request();
  const std::string method{request.method};
  exchange.respond(200, "text/plain", method + " " + request.path + " " + request.body);
}

inline std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

}  // namespace mcpctl::http
