#include "http/event_stream.h"

#include <utility>

#include "http/sse.h"

namespace mcpctl::http {

EventStream::EventStream(loop::Loop& loop, Exchange exchange, Duration keep_alive, Headers extra)
    : exchange_(std::move(exchange)), keep_alive_(keep_alive), silence_(loop) {
  extra.set("Content-Type", "text/event-stream");
  extra.set("Cache-Control", "no-cache, no-transform");
  extra.set("X-Accel-Buffering", "no");
  exchange_.begin(200, std::move(extra));
  send("");
}

EventStream::~EventStream() { finish(); }

bool EventStream::event(std::string_view id, std::string_view type, std::string_view data) {
  return send(format_sse(id, type, data));
}

bool EventStream::comment(std::string_view text) {
  std::string line = ": ";
  for (const char c : text) line += c == '\r' || c == '\n' ? ' ' : c;
  return send(line + "\n\n");
}

bool EventStream::prime(std::string_view id, Duration retry) {
  std::string text = "id: ";
  text += id;
  text += "\nretry: " + std::to_string(retry.count()) + "\ndata: \n\n";
  return send(text);
}

void EventStream::finish() {
  silence_.disarm();
  exchange_.finish();
}

bool EventStream::send(std::string_view text) {
  if (!exchange_.is_open() || !exchange_.write(text)) {
    silence_.disarm();
    return false;
  }
  if (keep_alive_ > Duration{0}) silence_.arm(keep_alive_, [this] { comment("keep-alive"); });
  return true;
}

}  // namespace mcpctl::http
