#include "signals/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace mcpctl::signals {
namespace {

using loop::Fd;

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return number;
}

std::optional<Duration> interval_for_us() {
  const auto microseconds = number_in<std::uint64_t>(variable("WATCHDOG_USEC"));
  if (!microseconds || *microseconds == 0) return std::nullopt;
  if (const auto pid = number_in<pid_t>(variable("WATCHDOG_PID"))) {
    if (*pid != ::getpid() && *pid != ::getppid()) return std::nullopt;
  }
  constexpr std::uint64_t longest = 86'400'000'000;  // a day, lest the sum overflow somewhere
  return Duration{static_cast<Duration::rep>(std::min(*microseconds, longest) / 1000)};
}

}  // namespace

Result<ServiceNotifier> ServiceNotifier::to(std::string_view address) {
  const auto cannot = [&](const char* why) {
    return failure("cannot notify the service manager at " + std::string(address) + ": " + why);
  };
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (address.size() < 2 || (address[0] != '/' && address[0] != '@')) {
    return cannot("neither a path nor an abstract name");
  }
  if (address.size() >= sizeof where.sun_path) return cannot(std::strerror(ENAMETOOLONG));
  std::memcpy(where.sun_path, address.data(), address.size());
  if (address[0] == '@') where.sun_path[0] = '\0';
  // An abstract name ends with the address's length, a path with its null.
  const auto length = offsetof(sockaddr_un, sun_path) + address.size() + (address[0] == '/');

  ServiceNotifier notifier;
  notifier.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!notifier.socket_) return cannot(std::strerror(errno));
  // Not connected: the service manager may be restarted behind the same address.
  notifier.peer_.assign(reinterpret_cast<const char*>(&where), length);
  return notifier;
}

ServiceNotifier ServiceNotifier::from_environment() {
  const std::string_view address = variable("NOTIFY_SOCKET");
  if (address.empty()) return {};
  auto notifier = to(address);
  if (!notifier) return {};
  notifier->watchdog_interval_ = interval_for_us();
  return std::move(*notifier);
}

bool ServiceNotifier::status(std::string_view text) const {
  std::string message = "STATUS=" + std::string(text);
  std::ranges::replace_if(message, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return send(message);
}

bool ServiceNotifier::send(std::string_view message) const {
  if (!socket_) return false;
  sockaddr_un where{};
  std::memcpy(&where, peer_.data(), peer_.size());
  return ::sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&where),
                  static_cast<socklen_t>(peer_.size())) == static_cast<ssize_t>(message.size());
}

}  // namespace mcpctl::signals
