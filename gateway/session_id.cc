#include "gateway/session_id.h"

#include <sys/random.h>

#include <array>

#include "base/assert.h"
#include "base/hex.h"

namespace mcpctl::gateway {

std::string unguessable() {
  std::array<unsigned char, 16> bytes{};
  // Up to 256 bytes are given whole once the kernel's pool is ready (getrandom(2)).
  MCPCTL_ASSERT(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return hex(bytes);
}

}  // namespace mcpctl::gateway
