#include "gateway/session_id.h"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace mcpctl::gateway {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

}  // namespace

std::string new_session_id() {
  std::array<unsigned char, 16> bytes{};
  // Up to 256 bytes are given whole once the kernel's pool is ready (getrandom(2)).
  MCPCTL_ASSERT(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string id;
  id.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    id += hex_digits[byte >> 4];
    id += hex_digits[byte & 15];
  }
  return id;
}

bool is_session_id(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return hex_digits.find(c) != std::string_view::npos;
         });
}

}  // namespace mcpctl::gateway
