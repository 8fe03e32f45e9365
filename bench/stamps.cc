#include "bench/stamps.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace mcpctl::bench {
namespace {

constexpr std::uint64_t capacity = 200'000;
constexpr std::size_t map_size = sizeof(stamp_map) + capacity * sizeof(stamp);

}  // namespace

Stamps::Stamps(const std::string& path) : path_(path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  void* memory = MAP_FAILED;
  if (file >= 0 && ::ftruncate(file, map_size) == 0) {
    memory = ::mmap(nullptr, map_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  if (memory == MAP_FAILED) {
    std::perror(path.c_str());
    std::exit(1);
  }
  ::close(file);
  map_ = static_cast<stamp_map*>(memory);
  map_->capacity = capacity;
}

Stamps::~Stamps() { ::munmap(map_, map_size); }

void Stamps::update() {
  const auto count = std::min(std::atomic_ref{map_->count}.load(), capacity);
  for (; seen_ < count; ++seen_) {
    stamp& next = stamps_of(map_)[seen_];
    if (std::atomic_ref{next.is_whole}.load() == 0) return;
    if (next.kind == stamp_started) {
      latest_.insert_or_assign(next.index, Start{next.time_ns, static_cast<pid_t>(next.pid)});
    } else {
      others_.push_back(next);
    }
  }
}

bool Stamps::started_since(std::uint32_t index, std::uint64_t time_ns) const {
  const auto found = latest_.find(index);
  return found != latest_.end() && found->second.time_ns > time_ns;
}

std::optional<stamp> Stamps::first(stamp_kind kind) const {
  const auto found = std::ranges::find(others_, static_cast<std::uint32_t>(kind), &stamp::kind);
  if (found == others_.end()) return std::nullopt;
  return *found;
}

}  // namespace mcpctl::bench
