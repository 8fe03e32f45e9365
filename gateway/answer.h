// The HTTP answer to one request of a client: JSON when a response is all there is,
// a stream of events when something comes before it or it takes long.  Knows no
// JSON-RPC.  After the client has gone it swallows what it is given.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/recycling.h"
#include "gateway/visit.h"
#include "http/event_stream.h"
#include "http/exchange.h"
#include "loop/loop.h"

namespace mcpctl::gateway {

class Answer {
 public:
  /// `keep_alive` as of http::EventStream.  Borrows the sink.
  Answer(loop::Loop& loop, http::Exchange&& exchange, VisitSink& sink, Duration keep_alive);
  ~Answer();
  Answer(Answer&&) noexcept;
  Answer& operator=(Answer&&) noexcept;

  /// The client is there and has not got everything.
  bool is_open() const noexcept;
  bool is_stream() const noexcept { return parts_->stream != nullptr; }
  Visit& visit() noexcept { return parts_->visit; }
  const Visit& visit() const noexcept { return parts_->visit; }

  /// Once, when the client goes before the end; the answer may be destroyed in it.
  void on_disconnect(loop::Callback<> callback);

  /// The whole answer.  Not after begin().
  void respond(const http::Response& response);

  /// From here on, events.
  void begin();
  /// An event without data that gives the client an id to come back with.
  void prime(std::string_view id);
  /// `id` may be empty.  A client that reads too slowly is dropped: see is_open().
  void event(std::string_view id, std::string_view text);
  void finish();

 private:
  void told(int status) noexcept;

  struct Parts : Recyclable<Parts> {
    Parts(loop::Loop& on, http::Exchange&& of, VisitSink& hears, Duration pause)
        : loop(on), exchange(std::move(of)), sink(&hears), keep_alive(pause) {}

    loop::Loop& loop;
    std::optional<http::Exchange> exchange;       ///< until begin()
    std::unique_ptr<http::EventStream> stream{};  ///< from then on
    Visit visit{};
    VisitSink* sink;  ///< null once it was told
    Duration keep_alive;
  };
  /// An answer goes through many hands: that costs a pointer.  Null once moved from.
  std::unique_ptr<Parts> parts_;
};

}  // namespace mcpctl::gateway
