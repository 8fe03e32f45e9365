// The fleet's recent transitions, kept for those who come late, and their stream.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

#include "control/event_stream.h"
#include "runtime/feed.h"

namespace mcpctl::control {

/// The last transitions, by sequence.
class TransitionHistory {
 public:
  explicit TransitionHistory(runtime::Feed& feed);

  /// Those after `sequence`, oldest first, as far as they are remembered.
  std::vector<runtime::Transitioned> after(std::uint64_t sequence) const;
  std::uint64_t newest() const { return newest_; }

  static constexpr std::size_t capacity = 1000;

 private:
  std::deque<runtime::Transitioned> transitions_;
  std::uint64_t newest_{0};
  runtime::Subscription subscription_;
};

/// Sends every transition after `from` to one client, each with its sequence as id,
/// so that a client that reconnects with Last-Event-ID misses none.  A client that
/// reads slowly gets the rest later, and "skipped" events for what was forgotten.
class TransitionFollower final : public Follower {
 public:
  /// Borrows both.
  TransitionFollower(runtime::Feed& feed, const TransitionHistory& history, std::uint64_t from,
                     http::Exchange exchange, loop::Callback<> on_gone);

 private:
  void catch_up();

  const TransitionHistory& history_;
  std::uint64_t sent_;
  EventStream stream_;
  runtime::Subscription subscription_;
};

}  // namespace mcpctl::control
