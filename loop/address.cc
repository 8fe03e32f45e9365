#include "loop/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

#include "base/assert.h"

namespace mcpctl::loop {

std::optional<Address> Address::ip(std::string_view literal, std::uint16_t port) {
  if (literal.size() > 2 && literal.front() == '[' && literal.back() == ']') {
    literal = literal.substr(1, literal.size() - 2);
  }
  const std::string text{literal};
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return std::nullopt;
}

Result<Address> Address::unix_path(std::string_view path) {
  sockaddr_un raw{};
  if (path.empty() || path.find('\0') != std::string_view::npos) {
    return failure("cannot use an empty path, or one with a NUL byte, as a unix socket");
  }
  if (path.size() >= sizeof raw.sun_path) {
    return failure("cannot use " + std::string{path} + " as a unix socket: the path has " +
                   std::to_string(path.size()) + " bytes, the limit is " +
                   std::to_string(sizeof raw.sun_path - 1));
  }
  raw.sun_family = AF_UNIX;
  std::memcpy(raw.sun_path, path.data(), path.size());
  return from(reinterpret_cast<const sockaddr*>(&raw),
              static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
}

Address Address::from(const sockaddr* raw, socklen_t size) {
  MCPCTL_ASSERT(size <= sizeof(sockaddr_storage));
  Address address;
  std::memcpy(&address.storage_, raw, size);
  address.size_ = size;
  return address;
}

std::optional<Address> Address::of_peer(int socket) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return std::nullopt;
  return from(reinterpret_cast<const sockaddr*>(&raw), size);
}

bool Address::is_loopback() const noexcept {
  if (family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage_);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  if (family() == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr);
  }
  return is_unix();
}

std::uint16_t Address::port() const noexcept {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
  return 0;
}

void Address::set_port(std::uint16_t port) noexcept {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
}

std::string Address::text() const {
  if (is_unix()) {
    return std::string{"unix:"} + reinterpret_cast<const sockaddr_un&>(storage_).sun_path;
  }
  if (family() == AF_INET) return host() + ":" + std::to_string(port());
  if (family() == AF_INET6) return "[" + host() + "]:" + std::to_string(port());
  return host();
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "?";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage_).sin_addr, text, sizeof text);
  } else if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr, text,
              sizeof text);
  } else if (is_unix()) {
    return "unix";
  }
  return text;
}

}  // namespace mcpctl::loop
