#include "http/exchange.h"

#include <utility>

#include "base/assert.h"
#include "http/session.h"

namespace mcpctl::http {

Exchange::Exchange(Session& session, RequestParser& parser)
    : session_(&session), parser_(&parser), door_(session.door()) {
  session.moved(*this);
}

Exchange::~Exchange() {
  if (session_ != nullptr) session_->abandon(*this);
}

Exchange::Exchange(Exchange&& other) noexcept
    : session_(std::exchange(other.session_, nullptr)),
      parser_(other.parser_),
      door_(other.door_),
      begun_(other.begun_),
      on_disconnect_(std::move(other.on_disconnect_)),
      on_drained_(std::move(other.on_drained_)) {
  if (session_ != nullptr) session_->moved(*this);
}

Exchange& Exchange::operator=(Exchange&& other) noexcept {
  if (this == &other) return *this;
  if (session_ != nullptr) session_->abandon(*this);
  session_ = std::exchange(other.session_, nullptr);
  parser_ = other.parser_;
  door_ = other.door_;
  begun_ = other.begun_;
  on_disconnect_ = std::move(other.on_disconnect_);
  on_drained_ = std::move(other.on_drained_);
  if (session_ != nullptr) session_->moved(*this);
  return *this;
}

const Request& Exchange::request() const noexcept {
  MCPCTL_ASSERT(parser_ != nullptr);
  return parser_->request();
}

std::string Exchange::take_body() {
  MCPCTL_ASSERT(parser_ != nullptr);
  return parser_->take_body();
}

std::optional<loop::PeerCredentials> Exchange::peer() const {
  return session_ != nullptr ? session_->peer() : std::nullopt;
}

std::string_view Exchange::remote() const noexcept {
  return session_ != nullptr ? session_->remote() : std::string_view{};
}

void Exchange::respond(const Response& response) {
  if (session_ == nullptr || begun_) return;
  std::exchange(session_, nullptr)->respond(response);
}

void Exchange::respond(int status, std::string_view content_type, std::string_view body) {
  Response response{status, {}, std::string{body}};
  response.headers.add("Content-Type", content_type);
  respond(response);
}

void Exchange::begin(int status, Headers headers) {
  if (session_ == nullptr || std::exchange(begun_, true)) return;
  session_->begin(status, std::move(headers));
}

bool Exchange::write(std::string_view piece) {
  return session_ != nullptr && begun_ && session_->write(piece);
}

void Exchange::finish() {
  if (session_ != nullptr && begun_) std::exchange(session_, nullptr)->finish();
}

std::size_t Exchange::queued() const noexcept {
  return session_ != nullptr ? session_->queued() : 0;
}

}  // namespace mcpctl::http
