#include "runtime/traffic.h"

#include <algorithm>
#include <numeric>

namespace mcpctl::runtime {

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::error: return "error";
    case Outcome::cancelled: return "cancelled";
  }
  return "?";
}

std::string_view name(UpstreamError error) {
  switch (error) {
    case UpstreamError::none: return "none";
    case UpstreamError::timeout: return "timeout";
    case UpstreamError::queue_timeout: return "queue_timeout";
    case UpstreamError::overloaded: return "overloaded";
    case UpstreamError::unavailable: return "unavailable";
    case UpstreamError::gone: return "gone";
    case UpstreamError::connection: return "connection";
    case UpstreamError::http_status: return "http_status";
    case UpstreamError::protocol: return "protocol";
  }
  return "?";
}

std::string_view name(CancelledBy by) {
  switch (by) {
    case CancelledBy::client: return "client";
    case CancelledBy::disconnect: return "disconnect";
    case CancelledBy::timeout: return "timeout";
  }
  return "?";
}

void Tally::count(std::string_view name, Outcome outcome) {
  if (last_ == nullptr || last_->first != name) {
    auto found = counts_.find(name);
    if (found == counts_.end()) {
      const bool fits = counts_.size() < most_names && name.size() <= longest_name;
      found = counts_.try_emplace(fits ? std::string{name} : "other").first;
    }
    last_ = &*found;
  }
  ++last_->second[static_cast<std::size_t>(outcome)];
}

std::uint64_t Tally::total() const {
  std::uint64_t sum = 0;
  for (const auto& [name, counts] : counts_) {
    sum = std::accumulate(counts.begin(), counts.end(), sum);
  }
  return sum;
}

void Latency::observe(Duration took) {
  const auto* const bound = std::ranges::lower_bound(bounds, took);
  ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
  sum_ += took;
}

std::array<std::uint64_t, Latency::bounds.size() + 1> Latency::cumulative() const {
  auto sums = counts_;
  for (std::size_t i = 1; i < sums.size(); ++i) sums[i] += sums[i - 1];
  return sums;
}

}  // namespace mcpctl::runtime
