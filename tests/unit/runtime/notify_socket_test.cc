#include "runtime/notify_socket.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using mcpctl::testing::poll_until;
using mcpctl::testing::turn_for;

namespace {

/// What sd_notify(3) does.
bool tell(const std::string& where, std::string_view message) {
  const loop::Fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, where.data() + 1, where.size() - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + where.size());
  return ::sendto(socket.get(), message.data(), message.size(), 0,
                  reinterpret_cast<const sockaddr*>(&address),
                  length) == static_cast<ssize_t>(message.size());
}

}  // namespace

TEST_CASE("what is sent to a notify socket is heard in order, also much at once") {
  loop::Loop loop;
  std::vector<health::Notification> heard;
  auto socket = NotifySocket::open(loop, [&](const auto& message) { heard.push_back(message); });
  REQUIRE(socket.has_value());
  CHECK(socket->address().starts_with("@mcpctl-notify-"));
  socket->listen();

  REQUIRE(tell(socket->address(), "READY=1\nSTATUS=all well\n"));
  REQUIRE(tell(socket->address(), ""));
  REQUIRE(tell(socket->address(), std::string(10'000, 'x')));
  int sent = 0;
  while (sent < 8 && tell(socket->address(), "WATCHDOG=1")) ++sent;

  REQUIRE(poll_until(loop, [&] { return heard.size() >= 10; }));
  CHECK(heard.front().ready);
  CHECK(heard.front().status == "all well");
  CHECK(heard.back().watchdog_fed);
}

TEST_CASE("what is said before anybody listens is heard by who does") {
  loop::Loop loop;
  std::vector<health::Notification> heard;
  auto socket = NotifySocket::open(loop, [&](const auto& message) { heard.push_back(message); });
  REQUIRE(socket.has_value());
  REQUIRE(tell(socket->address(), "READY=1"));
  turn_for(loop, Duration{50});
  CHECK(heard.empty());

  socket->listen();

  REQUIRE(poll_until(loop, [&] { return heard.size() == 1; }));
  CHECK(heard.front().ready);
}

TEST_CASE("two notify sockets have two addresses, and one that is gone hears nothing") {
  loop::Loop loop;
  auto first = NotifySocket::open(loop, [](const auto&) {});
  std::string gone;
  {
    auto second = NotifySocket::open(loop, [](const auto&) {});
    gone = second->address();
    CHECK(first->address() != gone);
    CHECK(tell(gone, "READY=1"));
  }
  loop.run_ready();

  CHECK_FALSE(tell(gone, "READY=1"));
}
