// Where a stream socket listens or connects: an IPv4 or IPv6 address with port,
// or the path of a unix socket.  A value; never resolves names (loop/resolver.h).
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpctl::loop {

class Address {
 public:
  /// `literal` is "127.0.0.1", "::1" or "[::1]"; nothing when it is not a literal.
  static std::optional<Address> ip(std::string_view literal, std::uint16_t port);
  /// Fails when `path` is empty or longer than sockaddr_un takes (107 bytes,
  /// unix(7)); the message names path and limit.
  static Result<Address> unix_path(std::string_view path);
  /// Copies what the kernel or the resolver filled in; `size` in bytes.
  static Address from(const sockaddr* raw, socklen_t size);
  /// Who is at the other end of a connected socket; nothing when it is gone already.
  static std::optional<Address> of_peer(int socket);

  const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return storage_.ss_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  bool is_loopback() const noexcept;
  /// 0 for unix.
  std::uint16_t port() const noexcept;
  void set_port(std::uint16_t port) noexcept;
  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock".
  std::string text() const;
  /// The same without the port; "unix" for every unix socket.
  std::string host() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_{0};
};

}  // namespace mcpctl::loop
