#include "gateway/session_id.h"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/assert.h"
#include "base/hex.h"

namespace mcpctl::gateway {

std::string unguessable() {
  std::array<unsigned char, 16> bytes{};
  // Up to 256 bytes are given whole once the kernel's pool is ready (getrandom(2)).
  MCPCTL_ASSERT(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return hex(bytes);
}

bool is_session_id(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace mcpctl::gateway
