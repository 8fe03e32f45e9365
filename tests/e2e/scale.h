// What a sanitizer costs: under one, everything takes longer and more memory, and
// the limits of these tests grow with it.
#pragma once
#include <cstdint>

namespace mcpctl::e2e {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr unsigned sanitizer_cost = 4;
#else
inline constexpr unsigned sanitizer_cost = 1;
#endif

/// Resident bytes that a supervisor never needs, whatever its servers do.
inline constexpr std::uint64_t modest_memory = sanitizer_cost * (std::uint64_t{64} << 20);

}  // namespace mcpctl::e2e
