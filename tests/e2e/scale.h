// What a sanitizer costs: under one, everything takes longer and more memory, and
// the limits of these tests grow with it.
#pragma once
#include <cstdint>

namespace mcpctl::e2e {

#ifdef MCPCTL_SANITIZED
inline constexpr unsigned sanitizer_cost = 4;
#else
inline constexpr unsigned sanitizer_cost = 1;
#endif

/// Resident bytes that a supervisor never needs, whatever its servers do.  A sanitizer
/// keeps what was freed: 256 MiB of it, and as much again for its books.
inline constexpr std::uint64_t modest_memory = std::uint64_t{sanitizer_cost == 1 ? 64u : 1024u}
                                               << 20;

}  // namespace mcpctl::e2e
