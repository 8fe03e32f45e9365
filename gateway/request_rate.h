// How many requests a second each address may send: a bucket per address that fills
// by the rate and holds two seconds' worth.  Pure; the time is an argument.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ids.h"

namespace mcpctl::gateway {

class RequestRate {
 public:
  /// 0: no limit.
  explicit RequestRate(unsigned per_second) : per_second_(per_second) {}

  /// From now on.
  void limit(unsigned per_second) { per_second_ = per_second; }

  /// Takes one request of `peer` out of its bucket; false when that is empty.
  bool take(std::string_view peer, Instant now);

  std::size_t peers() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens;
    Instant filled;
  };
  void drop_full(Instant now);

  unsigned per_second_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace mcpctl::gateway
