// Low descriptor numbers, kept for what the next child is about to get.  A child takes
// our table of descriptors only up to the highest number that it needs: with a thousand
// servers a new pipe's number is in the thousands, and copying all below it, to close it
// again at the exec, would cost more than the rest of the spawn.
#pragma once
#include <cstddef>
#include <vector>

#include "spawn/child_side.h"

namespace mcpctl::spawn {

/// Lends low numbers to the sources of `moves` for as long as it lives.  Where there are
/// none left the sources stay as they are, which is right, only slower.  One at a time.
class Staged {
 public:
  explicit Staged(std::vector<DescriptorMove>& moves);
  ~Staged();
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;

 private:
  std::size_t used_{0};
};

}  // namespace mcpctl::spawn
