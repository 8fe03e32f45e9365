#include "http/link.h"

#include <string>
#include <utility>

namespace mcpctl::http {

Link::Link(loop::Loop& loop, Url url, std::unique_ptr<TlsSession> tls, LinkHolder& holder)
    : url_(std::move(url)),
      holder_(&holder),
      tls_(std::move(tls)),
      idle_timer_(loop),
      soon_(loop) {}

Link::~Link() {
  if (!tls_ || !connection_ || connection_->queued() > 0) return;
  tls_->close();
  connection_->write(tls_->take_output());
}

Result<std::unique_ptr<Link>> Link::open(loop::Loop& loop, Url url, loop::Fd socket,
                                         std::unique_ptr<TlsSession> tls, LinkHolder& holder) {
  auto link = std::make_unique<Link>(loop, std::move(url), std::move(tls), holder);
  Link* self = link.get();
  auto opened =
      loop::Connection::open(loop, std::move(socket),
                             {[self](std::string_view bytes) { self->receive(bytes); },
                              {},
                              [self](const Error& error) { self->holder_->on_broken(error); },
                              {},
                              [self] { self->end(); }});
  if (!opened) return std::unexpected{opened.error()};
  link->connection_.emplace(std::move(*opened));
  return link;
}

void Link::begin() noexcept {
  if (!tls_) return holder_->on_open();
  if (auto begun = tls_->begin(); !begun) return fail_later(std::move(begun.error()));
  connection_->write(tls_->take_output());
}

void Link::write(std::string_view bytes) noexcept {
  if (!tls_) {
    connection_->write(bytes);
    return;
  }
  auto sent = tls_->send(bytes);
  connection_->write(tls_->take_output());
  if (!sent) fail_later(std::move(sent.error()));
}

void Link::fail_later(Error error) noexcept {
  soon_.arm(Duration{0}, [this, why = std::move(error)] { holder_->on_broken(why); });
}

/// What the bytes bring about is told in the order it happened; after each word the
/// link may be somebody else's, or gone.
void Link::receive(std::string_view bytes) noexcept {
  if (!tls_) return holder_->on_data(bytes);
  std::string said;
  const bool was_open = tls_->is_open();
  const auto received = tls_->receive(bytes, said);
  connection_->write(tls_->take_output());

  const std::weak_ptr<const bool> alive{alive_};
  if (!was_open && tls_->is_open()) holder_->on_open();
  if (!alive.expired() && !said.empty()) holder_->on_data(said);
  if (alive.expired()) return;
  if (!received) return holder_->on_broken(received.error());
  if (tls_->is_closed()) holder_->on_end();
}

void Link::end() noexcept {
  if (!tls_) return holder_->on_end();
  if (tls_->is_closed()) return;  // told already
  holder_->on_broken({tls_->is_open()
                          ? "the TLS connection was cut: the answer may not be complete"
                          : "the server closed the connection during the TLS handshake"});
}

}  // namespace mcpctl::http
