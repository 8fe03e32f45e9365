#include "spawn/staging.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "loop/null_device.h"

namespace mcpctl::spawn {
namespace {

/// Taken before the first spawn, when low numbers are still free; for good.
struct Slots {
  loop::Fd null = loop::open_null_device();
  std::array<loop::Fd, 4> numbers;

  Slots() {
    if (!null) return;
    for (loop::Fd& number : numbers) number.reset(::fcntl(null.get(), F_DUPFD_CLOEXEC, 3));
  }
};

Slots& slots() {
  static Slots taken;
  return taken;
}

}  // namespace

Staged::Staged(std::vector<DescriptorMove>& moves) {
  Slots& low = slots();
  for (DescriptorMove& move : moves) {
    if (used_ == low.numbers.size() || !low.numbers[used_]) return;
    const int number = low.numbers[used_].get();
    if (move.source <= number) continue;
    if (::dup3(move.source, number, O_CLOEXEC) < 0) return;
    move.source = number;
    ++used_;
  }
}

/// A pipe whose end we kept would never tell its other end that it is over.
Staged::~Staged() {
  Slots& low = slots();
  for (std::size_t i = 0; i < used_; ++i) {
    ::dup3(low.null.get(), low.numbers[i].get(), O_CLOEXEC);
  }
}

}  // namespace mcpctl::spawn
