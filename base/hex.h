// Bytes in hexadecimal (RFC 4648 §8, in small letters).
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace mcpctl {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

/// Two digits for each byte.
inline std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 15];
  }
  return text;
}

}  // namespace mcpctl
