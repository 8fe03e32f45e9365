#include "control/event_stream.h"

#include <utility>

#include "http/sse.h"

namespace mcpctl::control {
namespace {

constexpr std::size_t congestion = 256 * 1024;

}  // namespace

EventStream::EventStream(http::Exchange exchange, loop::Callback<> on_drained,
                         loop::Callback<> on_gone)
    : exchange_(std::move(exchange)), on_gone_(std::move(on_gone)) {
  exchange_.on_drained(std::move(on_drained));
  exchange_.on_disconnect([this] { tell_gone(); });
  exchange_.begin(200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}});
}

EventStream::~EventStream() {
  if (exchange_.is_open()) exchange_.finish();
}

void EventStream::send(std::string_view id, std::string_view type, std::string_view data) {
  if (!exchange_.write(http::format_sse(id, type, data))) tell_gone();
}

bool EventStream::is_congested() const { return exchange_.queued() > congestion; }

void EventStream::tell_gone() {
  if (on_gone_) std::exchange(on_gone_, nullptr)();
}

}  // namespace mcpctl::control
