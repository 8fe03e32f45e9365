#include "gateway/request_rate.h"

#include <algorithm>

namespace mcpctl::gateway {
namespace {

constexpr std::size_t most_peers = 4096;
constexpr double seconds_held = 2;

}  // namespace

bool RequestRate::take(std::string_view peer, Instant now) {
  if (per_second_ == 0) return true;
  if (buckets_.size() >= most_peers) drop_full(now);
  const double most = seconds_held * per_second_;
  Bucket& bucket = buckets_.try_emplace(std::string{peer}, Bucket{most, now}).first->second;
  const double passed = static_cast<double>((now - bucket.filled).count()) / 1000;
  bucket.tokens = std::min(most, bucket.tokens + passed * per_second_);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

/// A bucket that is full again says nothing.
void RequestRate::drop_full(Instant now) {
  std::erase_if(buckets_, [&](const auto& each) {
    return now - each.second.filled >= Duration{static_cast<long>(seconds_held * 1000)};
  });
}

}  // namespace mcpctl::gateway
