#include "runtime/notify_socket.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/hex.h"

namespace mcpctl::runtime {
namespace {

constexpr int messages_per_turn = 16;

std::string random_name() {
  std::array<unsigned char, 16> bytes{};
  static_cast<void>(::getrandom(bytes.data(), bytes.size(), 0));
  return "mcpctl-notify-" + hex(bytes);
}

}  // namespace

NotifySocket::NotifySocket(loop::Fd socket, std::string address, loop::Poll watch)
    : socket_(std::move(socket)), address_(std::move(address)), watch_(std::move(watch)) {}

Result<NotifySocket> NotifySocket::open(
    loop::Loop& loop, std::function<void(const health::Notification&)> on_message) {
  loop::Fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) return failure("cannot make a notify socket: " + std::string{std::strerror(errno)});

  const std::string name = random_name();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // leading NUL: abstract
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return failure("cannot bind a notify socket: " + std::string{std::strerror(errno)});
  }

  const int descriptor = socket.get();
  auto watch = loop::Poll::open(
      loop, descriptor, [descriptor, on_message = std::move(on_message)](loop::Readiness) {
        std::array<char, 4096> message;
        for (int i = 0; i < messages_per_turn; ++i) {
          const ssize_t size = ::recv(descriptor, message.data(), message.size(), 0);
          if (size <= 0) return;
          on_message(health::parse_notification({message.data(), static_cast<std::size_t>(size)}));
        }
      });
  if (!watch) return std::unexpected{watch.error()};
  return NotifySocket{std::move(socket), "@" + name, std::move(*watch)};
}

void NotifySocket::listen() { watch_.watch({.readable = true}); }

}  // namespace mcpctl::runtime
