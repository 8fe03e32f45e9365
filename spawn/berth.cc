#include "spawn/berth.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "loop/null_device.h"

namespace mcpctl::spawn {

loop::Fd& Berth::null() {
  static loop::Fd device;
  if (!device) device = loop::open_null_device();
  return device;
}

int Berth::null_device() { return null().get(); }

std::array<Berth, Berth::count>& Berth::all() {
  static std::array<Berth, count> berths;
  return berths;
}

Berth::Berth() {
  if (null_device() < 0) return;
  for (loop::Fd& number : numbers_) number.reset(::fcntl(null_device(), F_DUPFD_CLOEXEC, 3));
}

Berth* Berth::take() {
  const auto free = std::ranges::find(all(), false, &Berth::taken_);
  if (free == all().end()) return nullptr;
  if (!free->stack_) free->stack_.emplace();
  free->taken_ = true;
  return &*free;
}

/// A pipe whose end we kept would never tell its other end that it is over.
void Berth::release() {
  while (staged_ > 0) ::dup3(null_device(), numbers_.at(--staged_).get(), O_CLOEXEC);
  taken_ = false;
}

void Berth::stage(std::vector<DescriptorMove>& moves) {
  for (DescriptorMove& move : moves) {
    if (staged_ == numbers_.size() || !numbers_.at(staged_)) return;
    const int number = numbers_.at(staged_).get();
    if (move.source <= number) continue;
    if (::dup3(move.source, number, O_CLOEXEC) < 0) return;
    move.source = number;
    ++staged_;
  }
}

}  // namespace mcpctl::spawn
