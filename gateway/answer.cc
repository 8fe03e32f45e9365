#include "gateway/answer.h"

#include <utility>

namespace mcpctl::gateway {
namespace {

/// What a client waits before it comes back for a stream that broke.
constexpr Duration retry{1'000};
/// As nginx calls it: the client closed the request.
constexpr int client_gone = 499;

}  // namespace

Answer::Answer(loop::Loop& loop, http::Exchange&& exchange, VisitSink& sink, Duration keep_alive)
    : parts_(std::make_unique<Parts>(loop, std::move(exchange), sink, keep_alive)) {}

Answer::~Answer() { told(client_gone); }

Answer::Answer(Answer&&) noexcept = default;

Answer& Answer::operator=(Answer&& other) noexcept {
  if (this == &other) return *this;
  told(client_gone);
  parts_ = std::move(other.parts_);
  return *this;
}

bool Answer::is_open() const noexcept {
  const Parts& parts = *parts_;
  return (parts.exchange && parts.exchange->is_open()) || (parts.stream && parts.stream->is_open());
}

void Answer::on_disconnect(loop::Callback<> callback) {
  if (parts_->stream) {
    parts_->stream->on_disconnect(std::move(callback));
  } else if (parts_->exchange) {
    parts_->exchange->on_disconnect(std::move(callback));
  }
}

void Answer::respond(const http::Response& response) {
  if (!parts_->exchange) return;
  const int status = parts_->exchange->is_open() ? response.status : client_gone;
  parts_->exchange->respond(response);
  told(status);
}

void Answer::begin() {
  if (!parts_->exchange) return;
  // The stream takes the exchange with what it was told to call.
  parts_->stream = std::make_unique<http::EventStream>(parts_->loop, std::move(*parts_->exchange),
                                                       parts_->keep_alive);
  parts_->exchange.reset();
}

void Answer::prime(std::string_view id) {
  if (parts_->stream) parts_->stream->prime(id, retry);
}

void Answer::event(std::string_view id, std::string_view text) {
  if (parts_->stream) parts_->stream->event(id, "message", text);
}

void Answer::finish() {
  if (!parts_->stream) return;
  const int status = parts_->stream->is_open() ? 200 : client_gone;
  parts_->stream->finish();
  told(status);
}

void Answer::told(int status) noexcept {
  if (!parts_ || parts_->sink == nullptr) return;
  std::exchange(parts_->sink, nullptr)->ended(parts_->visit, status);
}

}  // namespace mcpctl::gateway
