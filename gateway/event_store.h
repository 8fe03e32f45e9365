// The events that a legacy session was sent on its streams, so that a client which
// lost its connection gets the rest (MCP 2025-11-25, resumability).  Bounded: the
// oldest go first.  Pure; the time is an argument.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace mcpctl::gateway {

/// Stream 0 is the session's own, the others are calls.  On the wire "STREAM-NUMBER".
struct EventId {
  std::uint64_t stream{0};
  std::uint64_t number{0};  ///< from 1, in each stream
  friend bool operator==(const EventId&, const EventId&) = default;
};

std::string text_of(EventId id);
/// Nothing when `text` is no id of ours.
std::optional<EventId> read_event_id(std::string_view text);

class EventStore {
 public:
  explicit EventStore(std::size_t byte_cap = 1024 * 1024) : byte_cap_(byte_cap) {}

  /// Keeps `text` as what follows on its stream; an event larger than everything that
  /// may be kept is not.
  void add(EventId id, std::string_view text, Instant now);

  /// The texts of the events of `after.stream` beyond `after`, in order.  Nothing when
  /// one of them was dropped already, so that they would not be all.
  struct Event {
    EventId id;
    std::string_view text;  ///< until the next add() or forget()
  };
  std::optional<std::vector<Event>> after(EventId after) const;

  /// Drops what is older than `before`.
  void forget(Instant before);
  void forget_stream(std::uint64_t stream);

  bool is_empty() const { return events_.empty(); }
  /// Of the oldest event.
  std::optional<Instant> oldest() const;

 private:
  struct Kept {
    EventId id;
    std::string text;
    Instant came;
  };
  void drop_oldest();

  std::size_t byte_cap_;
  std::size_t bytes_{0};
  std::deque<Kept> events_;
};

}  // namespace mcpctl::gateway
