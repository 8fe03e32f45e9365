// Foreign text made safe to show: whatever a server wrote may end in a log line,
// a terminal or a JSON document of ours.  Pure functions.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace mcpctl::mcp {

/// Length in bytes (1–4) of the well-formed UTF-8 sequence at the front of
/// `bytes`, 0 if there is none (RFC 3629: no overlong forms, no surrogates,
/// nothing above U+10FFFF).
std::size_t utf8_sequence(std::string_view bytes);

/// `foreign` as one line of valid UTF-8, at most `limit` bytes long: control
/// characters (C0, DEL, C1) become spaces, invalid bytes become U+FFFD, and what
/// does not fit is replaced by "…".
std::string printable(std::string_view foreign, std::size_t limit);

}  // namespace mcpctl::mcp
