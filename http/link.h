// A client's connection, plain or through TLS, which changes hands between calls and
// the pool of idle ones.  Whoever holds it cannot tell the two apart.  For http/ only.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/tls.h"
#include "http/url.h"
#include "loop/connection.h"
#include "loop/fd.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace mcpctl::http {

/// Who holds a link at the moment and hears of it.  Each function may destroy the
/// link.
class LinkHolder {
 public:
  /// The link can be written to: from open() for a plain one, later for TLS.
  virtual void on_open() noexcept = 0;
  virtual void on_data(std::string_view bytes) noexcept = 0;
  virtual void on_end() noexcept = 0;
  virtual void on_broken(const Error& error) noexcept = 0;

 protected:
  ~LinkHolder() = default;
};

class Link {
 public:
  /// With `tls`, a session that has not begun, everything goes through that.
  /// Afterwards call begin().
  static Result<std::unique_ptr<Link>> open(loop::Loop& loop, Url url, loop::Fd socket,
                                            std::unique_ptr<TlsSession> tls, LinkHolder& holder);
  Link(loop::Loop& loop, Url url, std::unique_ptr<TlsSession> tls, LinkHolder& holder);
  /// Says goodbye if it can do so without waiting.
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Leads to on_open, for a plain link from here.
  void begin() noexcept;
  void hand_to(LinkHolder& holder) noexcept { holder_ = &holder; }
  /// Sends or queues all of it; what fails is told by on_broken, never from here.
  void write(std::string_view bytes) noexcept;
  /// Before on_open nothing: a handshake must be heard.
  void pause() noexcept {
    if (!tls_ || tls_->is_open()) connection_->pause();
  }
  void resume() noexcept { connection_->resume(); }
  /// Bytes that the kernel has not taken yet.
  std::size_t queued() const noexcept { return connection_->queued(); }
  const Url& url() const noexcept { return url_; }
  /// For the pool: when this link has been idle for too long.
  loop::Timer& idle_timer() noexcept { return idle_timer_; }

 private:
  void receive(std::string_view bytes) noexcept;
  void end() noexcept;
  void fail_later(Error error) noexcept;

  Url url_;
  LinkHolder* holder_;
  std::unique_ptr<TlsSession> tls_;
  loop::Timer idle_timer_;
  loop::Timer soon_;  ///< tells what write() or begin() may not tell themselves
  std::optional<loop::Connection> connection_;
  /// Expires with the link, which a holder may destroy in its callback.
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};
};

}  // namespace mcpctl::http
