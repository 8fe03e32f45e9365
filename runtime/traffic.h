// Figures of what clients ask of the servers: counted by who relays (gateway/), shown
// in the metrics (control/).  Plain numbers on the loop thread; memory is bounded by
// counting what has too many names under "other".
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace mcpctl::runtime {

/// How requests ended: a result, an error, or without an answer that anybody waits for.
enum class Outcome : unsigned char { ok, error, cancelled };
inline constexpr std::size_t outcome_count = 3;
std::string_view name(Outcome outcome);

/// Why a request ended with an error that is not the server's answer.
enum class UpstreamError : unsigned char {
  none,           ///< it is
  timeout,        ///< the server did not answer in time
  queue_timeout,  ///< nor take it in time
  overloaded,     ///< the queue before it was full, or each of its processes another session's,
                  ///< or the request too long for its pipe
  unavailable,    ///< it had failed, was stopped or removed
  gone,           ///< its process, or its session over HTTP, ended with the request
  connection,     ///< over HTTP, that could not be made or broke
  http_status,    ///< refused with a status and no JSON-RPC error
  protocol,       ///< its answer held no response
};
inline constexpr std::size_t upstream_error_count = 9;
std::string_view name(UpstreamError error);

/// Who took a request back before its answer.
enum class CancelledBy : unsigned char {
  client,      ///< by notifications/cancelled
  disconnect,  ///< its connection or session ended; a modern client cancels so
  timeout,     ///< we did, at the server that was late
};
inline constexpr std::size_t canceller_count = 3;
std::string_view name(CancelledBy by);

/// Counts by name and outcome.
class Tally {
 public:
  Tally() = default;
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  static constexpr std::size_t most_names = 256;
  static constexpr std::size_t longest_name = 128;  ///< bytes; MCP allows no longer ones

  void count(std::string_view name, Outcome outcome);

  using Counts = std::array<std::uint64_t, outcome_count>;
  const std::map<std::string, Counts, std::less<>>& counts() const { return counts_; }
  std::uint64_t total() const;

 private:
  std::map<std::string, Counts, std::less<>> counts_;
  decltype(counts_)::value_type* last_{nullptr};  ///< counted; mostly the next one too
};

/// From a request's arrival to its end.
class Latency {
 public:
  static constexpr std::array<Duration, 12> bounds{
      Duration{1},     Duration{2},      Duration{5},      Duration{10},
      Duration{25},    Duration{100},    Duration{250},    Duration{1'000},
      Duration{2'500}, Duration{10'000}, Duration{60'000}, Duration{300'000}};

  void observe(Duration took);

  /// Of each bound, how many took at most that long; the last: all.
  std::array<std::uint64_t, bounds.size() + 1> cumulative() const;
  Duration sum() const { return sum_; }

 private:
  std::array<std::uint64_t, bounds.size() + 1> counts_{};
  Duration sum_{0};
};

struct ServerTraffic {
  void count(UpstreamError error) { ++errors[static_cast<std::size_t>(error)]; }
  void count(CancelledBy by) { ++cancellations[static_cast<std::size_t>(by)]; }

  Tally methods;
  Tally tools;  ///< of tools/call
  Latency latency;
  std::uint64_t request_bytes{0};   ///< of messages from clients
  std::uint64_t response_bytes{0};  ///< of messages to them
  std::array<std::uint64_t, upstream_error_count> errors{};
  std::array<std::uint64_t, canceller_count> cancellations{};
  // Now.
  std::uint64_t waiting{0};    ///< requests in the queue
  std::uint64_t in_flight{0};  ///< requests at the server
  std::uint64_t clients{0};
};

/// By server.  Values stay where they are.
using Traffic = std::map<std::string, ServerTraffic, std::less<>>;

}  // namespace mcpctl::runtime
