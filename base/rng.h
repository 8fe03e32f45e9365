// The one source of chance.  Seeded, so that a run can be replayed; the same
// seed gives the same numbers on every compiler (no std::*_distribution, whose
// results are not specified).
#pragma once
#include <cstdint>

#include "base/assert.h"

namespace mcpctl {

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014).  Not for secrets.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// A number in [0, bound).  The bias of the modulo is below 2^-32 for the
  /// bounds we use.
  constexpr std::uint64_t below(std::uint64_t bound) {
    MCPCTL_ASSERT(bound > 0);
    return next() % bound;
  }

  /// True in `numerator` of `denominator` cases.
  constexpr bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
  }

 private:
  std::uint64_t state_;
};

}  // namespace mcpctl
