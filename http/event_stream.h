// A server-sent event stream as an answer (WHATWG HTML §9.2): made from an
// exchange, kept by whoever has events to tell.
#pragma once
#include <memory>
#include <string_view>

#include "base/ids.h"
#include "http/exchange.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace mcpctl::http {

class EventStream {
 public:
  /// Sends the head (200, text/event-stream, no caching, no proxy buffering, and
  /// `extra`).  A comment every `keep_alive` of silence keeps middleboxes from
  /// cutting the stream and finds out dead clients; zero for none.
  EventStream(loop::Loop& loop, Exchange exchange, Duration keep_alive = Duration{25'000},
              Headers extra = {});
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// One event; `id` and `type` are left out when empty.  False when the client has
  /// gone or was dropped for reading too slowly: destroy the stream.
  bool event(std::string_view id, std::string_view type, std::string_view data);
  bool comment(std::string_view text);
  /// An event without data: gives the client an id to resume from, and how long to
  /// wait before it does.
  bool prime(std::string_view id, Duration retry);
  /// Ends the stream properly.
  void finish();

  /// Once, when the client goes; the stream may be destroyed in it.
  void on_disconnect(loop::Callback<> callback) { exchange_.on_disconnect(std::move(callback)); }
  void on_drained(loop::Callback<> callback) { exchange_.on_drained(std::move(callback)); }
  std::size_t queued() const noexcept { return exchange_.queued(); }
  bool is_open() const noexcept { return exchange_.is_open(); }

 private:
  bool send(std::string_view text);

  Exchange exchange_;
  Duration keep_alive_;
  loop::Timer silence_;
};

}  // namespace mcpctl::http
