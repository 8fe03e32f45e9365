// What a tool or prompt of one server is called where all servers are offered as one
// (MCP 2025-11-25, tools: names are 1 to 128 characters of [A-Za-z0-9_.-]; hosts
// that put a prefix of their own in front allow 64).  Deterministic: a name depends on
// the server's name in the configuration and on the tool's, on nothing else.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace mcpctl::relay {

inline constexpr std::size_t longest_joined_name = 64;
inline constexpr std::size_t longest_prefix = 32;
inline constexpr std::string_view name_separator = "__";

/// The server's part: its name if that is short, of those characters and without the
/// separator; else as much of it as is, and a digest.
std::string name_prefix(std::string_view server);

/// `prefix__name`, with a digest in place of what would be too long.
std::string joined_name(std::string_view prefix, std::string_view name);

struct SplitName {
  std::string_view prefix;  ///< empty: there is no separator
  std::string_view name;
};
/// At the first separator.  `name` may be a shortened one.
SplitName split_name(std::string_view joined);

}  // namespace mcpctl::relay
