#include "control/event_stream.h"

#include "http/sse.h"

namespace mcpctl::control {
namespace {

constexpr std::size_t congestion = 256 * 1024;

}  // namespace

EventStream::EventStream(http::Exchange exchange, loop::Callback<> on_drained,
                         loop::Callback<> on_gone)
    : exchange_(std::move(exchange)) {
  exchange_.on_drained(std::move(on_drained));
  exchange_.on_disconnect(std::move(on_gone));
  exchange_.begin(200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}});
}

void EventStream::send(std::string_view id, std::string_view type, std::string_view data) {
  exchange_.write(http::format_sse(id, type, data));
}

bool EventStream::is_congested() const { return exchange_.queued() > congestion; }

void EventStream::finish() {
  if (exchange_.is_open()) exchange_.finish();
}

}  // namespace mcpctl::control
