#include "loop/connection.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "loop_fixture.h"
#include "sockets.h"

using namespace mcpctl;
using namespace mcpctl::loop;
using namespace mcpctl::loop::testing;

TEST_CASE("a unix peer is known by its credentials, a tcp peer is not") {
  Loop loop;
  Pair pair{loop};
  const auto peer = pair.connection->peer_credentials();
  REQUIRE(peer);
  CHECK(peer->pid == ::getpid());
  CHECK(peer->uid == ::geteuid());

  Accepting accepting{loop};
  Fd client = connect_to(accepting.listener->address());
  REQUIRE(turn_until(loop, [&] { return !accepting.accepted.empty(); }));
  Pair tcp{loop, std::move(accepting.accepted[0]), std::move(client)};
  CHECK_FALSE(tcp.connection->peer_credentials());
}

TEST_CASE("a connection delivers bytes and then the peer's end") {
  Loop loop;
  Pair pair{loop};
  send_all(pair.peer, "hello");
  ::shutdown(pair.peer.get(), SHUT_WR);

  CHECK(turn_until(loop, [&] { return pair.peer_closed == 1; }));

  CHECK(pair.data == "hello");
  CHECK(pair.connection->write("still open for writing"));
  CHECK(receive(pair.peer, 100) == "still open for writing");
}

TEST_CASE("a paused connection reads nothing but hears that its peer left, once") {
  Loop loop;
  Pair pair{loop};
  int turns = 0;
  loop.on_turn([&](Duration) { ++turns; });
  pair.connection->pause();
  send_all(pair.peer, "unread");
  pair.peer.reset();

  Timer timer{loop};
  timer.arm(Duration{50}, [&] { loop.stop(); });
  loop.run();
  CHECK(pair.peer_closed == 1);
  CHECK(pair.data.empty());
  CHECK(turns <= 5);

  CHECK(pair.ended == 0);

  pair.connection->resume();
  CHECK(turn_until(loop, [&] { return pair.ended == 1; }));
  CHECK(pair.data == "unread");
  CHECK(pair.peer_closed == 1);
}

TEST_CASE("what the peer does not take is queued and drains in order") {
  Loop loop;
  Pair pair{loop};
  const std::string big(3 << 20, 'x');

  CHECK(pair.connection->write(big));
  CHECK(pair.connection->queued() > 0);
  CHECK(pair.connection->write("end"));
  std::string got;
  while (got.size() < big.size() + 3) {
    got += receive(pair.peer, 1 << 20, MSG_DONTWAIT);
    loop.run_ready();
  }

  CHECK(got == big + "end");
  CHECK(pair.drained == 1);
  CHECK(pair.connection->queued() == 0);
  CHECK(pair.connection->sent() == got.size());
}

TEST_CASE("corked writes leave together") {
  Loop loop;
  Pair pair{loop};
  pair.connection->cork();
  pair.connection->write("a");
  pair.connection->write("b");
  CHECK(receive(pair.peer, 10, MSG_DONTWAIT).empty());

  pair.connection->uncork();

  CHECK(receive(pair.peer, 10) == "ab");
}

TEST_CASE("shutdown flushes first and then ends the stream") {
  Loop loop;
  Pair pair{loop};
  const std::string big(1 << 20, 'x');
  pair.connection->write(big);
  pair.connection->shutdown();
  CHECK_FALSE(pair.connection->write("late"));

  std::size_t got = 0;
  bool ended = false;
  while (!ended) {
    loop.run_ready();
    char buffer[65536];
    const ssize_t count = ::recv(pair.peer.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count > 0) got += static_cast<std::size_t>(count);
    ended = count == 0;
  }

  CHECK(got == big.size());
}

TEST_CASE("a broken connection is told from the loop, never from inside write") {
  Loop loop;
  Pair pair{loop};
  pair.connection->pause();
  pair.peer.reset();

  CHECK_FALSE(pair.connection->write("x"));
  CHECK_FALSE(pair.broken);

  CHECK(turn_until(loop, [&] { return pair.broken.has_value(); }));
  CHECK(pair.connection->is_broken());
}

TEST_CASE("a tcp reset is told as a broken connection without spinning") {
  Loop loop;
  Accepting accepting{loop};
  Fd client = connect_to(accepting.listener->address());
  REQUIRE(turn_until(loop, [&] { return !accepting.accepted.empty(); }));
  Pair pair{loop, std::move(accepting.accepted[0]), std::move(client)};
  SUBCASE("while reading") {}
  SUBCASE("while paused") { pair.connection->pause(); }
  const linger reset{1, 0};
  ::setsockopt(pair.peer.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  pair.peer.reset();

  CHECK(turn_until(loop, [&] { return pair.broken.has_value(); }));
}

TEST_CASE("a connection may be destroyed while it delivers") {
  Loop loop;
  Pair pair{loop};
  std::optional<Connection> other;
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const Fd peer{ends[1]};
  auto opened = Connection::open(loop, Fd{ends[0]},
                                 {[&](std::string_view bytes) {
                                    other.reset();
                                    CHECK(bytes == "bye");
                                  },
                                  {},
                                  {},
                                  {},
                                  {}});
  other.emplace(std::move(*opened));
  send_all(peer, "bye");

  CHECK(turn_until(loop, [&] { return !other.has_value(); }));
  CHECK(receive(peer, 1).empty());
}
