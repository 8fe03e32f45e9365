// What a child occupies of ours until its exec: a stack, and low descriptor numbers for
// what it is about to get.  A child takes our table of descriptors only up to the highest
// number that it needs: with a thousand servers a new pipe's number is in the thousands,
// and copying all below it, to close it again at the exec, would cost more than the rest
// of the spawn.  There are a few berths.  All their numbers are taken before the first spawn,
// each stack with the first child that needs it, and both are kept for good.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "loop/fd.h"
#include "spawn/child_side.h"
#include "spawn/clone.h"

namespace mcpctl::spawn {

class Berth {
 public:
  Berth();

  /// A free one, taken until release(); nullptr: there is none.
  static Berth* take();
  /// Once its child has departed.
  void release();

  const ChildStack& stack() const { return *stack_; }
  /// Gives low numbers to the sources of `moves` until release().  Where there are none
  /// left the sources stay as they are, which is right, only slower.
  void stage(std::vector<DescriptorMove>& moves);

  /// /dev/null, borrowed; -1: it could not be opened.
  static int null_device();

 private:
  static constexpr std::size_t count = 8;
  static std::array<Berth, count>& all();
  static loop::Fd& null();

  std::optional<ChildStack> stack_;
  std::array<loop::Fd, 4> numbers_;
  std::size_t staged_{0};
  bool taken_{false};
};

}  // namespace mcpctl::spawn
