#include "gateway/answer.h"

#include <utility>

namespace mcpctl::gateway {
namespace {

/// What a client waits before it comes back for a stream that broke.
constexpr Duration retry{1'000};
/// As nginx calls it: the client closed the request.
constexpr int client_gone = 499;

}  // namespace

Answer::Answer(loop::Loop& loop, http::Exchange exchange, Visit visit, VisitSink& sink,
               Duration keep_alive)
    : loop_(&loop),
      exchange_(std::move(exchange)),
      visit_(std::move(visit)),
      sink_(&sink),
      keep_alive_(keep_alive) {}

Answer::~Answer() { told(client_gone, false); }

Answer::Answer(Answer&& other) noexcept
    : loop_(other.loop_),
      exchange_(std::move(other.exchange_)),
      stream_(std::move(other.stream_)),
      visit_(std::move(other.visit_)),
      sink_(std::exchange(other.sink_, nullptr)),
      keep_alive_(other.keep_alive_) {
  other.exchange_.reset();
}

Answer& Answer::operator=(Answer&& other) noexcept {
  if (this == &other) return *this;
  told(client_gone, false);
  loop_ = other.loop_;
  exchange_ = std::move(other.exchange_);
  other.exchange_.reset();
  stream_ = std::move(other.stream_);
  visit_ = std::move(other.visit_);
  sink_ = std::exchange(other.sink_, nullptr);
  keep_alive_ = other.keep_alive_;
  return *this;
}

bool Answer::is_open() const noexcept {
  return (exchange_ && exchange_->is_open()) || (stream_ && stream_->is_open());
}

void Answer::on_disconnect(loop::Callback<> callback) {
  if (stream_) {
    stream_->on_disconnect(std::move(callback));
  } else if (exchange_) {
    exchange_->on_disconnect(std::move(callback));
  }
}

void Answer::respond(http::Response response, bool is_error) {
  if (!exchange_) return;
  const int status = exchange_->is_open() ? response.status : client_gone;
  exchange_->respond(std::move(response));
  told(status, is_error || status >= 400);
}

void Answer::begin() {
  if (!exchange_) return;
  // The stream takes the exchange with what it was told to call.
  stream_ = std::make_unique<http::EventStream>(*loop_, std::move(*exchange_), keep_alive_);
  exchange_.reset();
}

void Answer::prime(std::string_view id) {
  if (stream_) stream_->prime(id, retry);
}

void Answer::event(std::string_view id, std::string_view text) {
  if (stream_) stream_->event(id, "message", text);
}

void Answer::finish(bool is_error) {
  if (!stream_) return;
  const int status = stream_->is_open() ? 200 : client_gone;
  stream_->finish();
  told(status, is_error);
}

void Answer::told(int status, bool is_error) noexcept {
  if (sink_ != nullptr) std::exchange(sink_, nullptr)->ended(visit_, status, is_error);
}

}  // namespace mcpctl::gateway
