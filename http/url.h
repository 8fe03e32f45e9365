// The URLs we connect to: http, https, and unix sockets.  A value; pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpctl::http {

enum class Scheme { http, https, unix_socket };

struct Url {
  Scheme scheme{Scheme::http};
  /// A name or a literal; of an IPv6 literal without its brackets.
  std::string host;
  std::uint16_t port{0};
  /// Of a unix socket: its path.
  std::string socket_path;
  /// What goes into the Host field: host and port exactly as written (RFC 9112 §3.2).
  std::string authority;
  /// Path and query, as written; "/" when there is none.  No fragment.
  std::string target{"/"};

  /// As given, without the fragment: for messages.
  std::string text() const;
  /// True when both are reached by the same connection.
  bool same_origin(const Url& other) const noexcept;
};

/// Reads "http://host[:port][/path][?query]", the same with https, or
/// "unix:/path/to.sock" with an optional ":/path" for the target.  User names and
/// passwords are refused: they would end in logs.
Result<Url> parse_url(std::string_view text);

}  // namespace mcpctl::http
