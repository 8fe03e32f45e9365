// The little UTF-8 that a strict reader and a safe printer need (RFC 3629).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace mcpctl::config {

/// Bytes of the well-formed sequence at the front of `text`; 0 when there is none.
/// Overlong forms, surrogates and code points beyond U+10FFFF are not well formed.
std::size_t utf8_length(std::string_view text);

void append_utf8(std::string& into, char32_t code);

/// `text` with each ill-formed byte replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

/// `text` in double quotes for a message: valid UTF-8, one line, no control character
/// (a terminal obeys them), cut when it is long.
std::string in_quotes(std::string_view text);

}  // namespace mcpctl::config
