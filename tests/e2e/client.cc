#include "client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace mcpctl::e2e {

namespace {

int new_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* raw(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Client::Client(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return;
  fd_ = new_socket();
  if (::connect(fd_, raw(*address), sizeof *address) == 0) return;
  ::close(std::exchange(fd_, -1));
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

Client::Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Client& Client::operator=(Client&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

bool Client::send(std::string_view bytes) {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent >= 0 || errno == EAGAIN;
}

std::string Client::read_some() {
  std::string text;
  char buffer[65536];
  for (ssize_t length = 0; (length = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(length));
  }
  return text;
}

std::string Client::read_to_end(Milliseconds limit) {
  std::string text;
  const auto end = Clock::now() + limit;
  pollfd ready{fd_, POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::duration_cast<Milliseconds>(end - Clock::now());
    if (left <= 0ms || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return text;
    char buffer[65536];
    const ssize_t length = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (length <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(length));
  }
}

bool Client::has_ended(Milliseconds limit) {
  return eventually(
      [this] {
        read_some();
        char byte = 0;
        const ssize_t length = ::recv(fd_, &byte, 1, MSG_DONTWAIT);
        return length == 0 || (length < 0 && errno != EAGAIN);
      },
      limit);
}

bool leave_stale_socket(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return false;
  const int fd = new_socket();
  const bool bound = ::bind(fd, raw(*address), sizeof *address) == 0;
  ::close(fd);
  return bound;
}

}  // namespace mcpctl::e2e
