// Server-sent events from bytes (WHATWG HTML, "9.2.6 Interpreting an event
// stream").  Pure and incremental: any split of the bytes gives the same events.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace mcpctl::http {

struct SseEvent {
  std::string id;    ///< the last id seen on the stream, also of earlier events
  std::string type;  ///< "message" unless the stream says otherwise
  std::string data;
  std::optional<Duration> retry{};  ///< the reconnection time that the stream asked for last
};

class SseParser {
 public:
  /// No event's data, and no line, may exceed `event_cap` bytes.
  explicit SseParser(std::size_t event_cap = 16 * 1024 * 1024) : event_cap_(event_cap) {}

  /// Appends the events that `bytes` complete.  False when the cap is exceeded: the
  /// stream cannot be read any further.
  bool feed(std::string_view bytes, std::vector<SseEvent>& events);

  const std::string& last_id() const noexcept { return last_id_; }
  /// As in SseEvent.
  std::optional<Duration> retry() const noexcept { return retry_; }

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& events);
  void take_field(std::string_view name, std::string_view value);

  std::size_t event_cap_;
  std::string line_;  // begun, its end not yet seen
  std::string type_;
  std::string data_;
  std::string last_id_;
  std::optional<Duration> retry_;
  bool at_start_{true};       // a byte order mark may come
  bool after_return_{false};  // a LF now belongs to the CR before it
  bool failed_{false};
};

/// Whatever `data` holds (line ends of any kind), one event on the wire.  `id` and
/// `type` are left out when empty; line ends in them are dropped.
std::string format_sse(std::string_view id, std::string_view type, std::string_view data);

}  // namespace mcpctl::http
