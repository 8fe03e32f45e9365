// As much of RFC 3986 as a configuration needs: is it a usable http URL, and which
// port does it name.  Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpctl::config {

struct UrlParts {
  bool is_https{false};
  std::string host;                   ///< without user information; IPv6 in brackets
  std::optional<std::uint16_t> port;  ///< as written; unset when absent or ${PORT}
  bool port_is_variable{false};       ///< the port is "${PORT}"
};

/// Errors say what is wrong and quote nothing of the URL.
Result<UrlParts> split_url(std::string_view url);

}  // namespace mcpctl::config
