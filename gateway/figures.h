// What came through the door, counted since the start, in the Prometheus text format.
// What became of it at the servers is counted by who relays.  Labels are bounded:
// methods that MCP defines, and servers of the fleet.  Pure.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "base/ids.h"
#include "gateway/visit.h"

namespace mcpctl::gateway {

/// What the door holds at the moment.
struct Occupancy {
  std::size_t connections{0};
  std::size_t sessions{0};
  std::size_t in_flight{0};
};

class Figures {
 public:
  Figures() = default;
  Figures(const Figures&) = delete;
  Figures& operator=(const Figures&) = delete;

  void count(const Visit& visit, int status, Duration took);
  std::string text(const Occupancy& now) const;

 private:
  /// Upper bounds of the histogram's buckets, in milliseconds.
  static constexpr std::array<long, 11> bounds{1,   5,    10,   25,    50,   100,
                                               250, 1000, 5000, 15000, 60000};

  using Requests = std::map<std::tuple<std::string, std::string, int>, std::uint64_t, std::less<>>;
  Requests requests_;
  Requests::value_type* last_{nullptr};  ///< counted; the next one is mostly another of it
  std::array<std::uint64_t, bounds.size() + 1> durations_{};
  std::uint64_t duration_ms_{0};
};

}  // namespace mcpctl::gateway
