// A client's connection, which changes hands between calls and the pool of idle
// ones.  For http/ only.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
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
  virtual void on_data(std::string_view bytes) noexcept = 0;
  virtual void on_end() noexcept = 0;
  virtual void on_broken(const Error& error) noexcept = 0;

 protected:
  ~LinkHolder() = default;
};

class Link {
 public:
  static Result<std::unique_ptr<Link>> open(loop::Loop& loop, Url url, loop::Fd socket,
                                            LinkHolder& holder);
  Link(loop::Loop& loop, Url url, LinkHolder& holder);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void hand_to(LinkHolder& holder) noexcept { holder_ = &holder; }
  loop::Connection& connection() noexcept { return *connection_; }
  const Url& url() const noexcept { return url_; }
  /// For the pool: when this link has been idle for too long.
  loop::Timer& idle_timer() noexcept { return idle_timer_; }

 private:
  Url url_;
  LinkHolder* holder_;
  loop::Timer idle_timer_;
  std::optional<loop::Connection> connection_;
};

}  // namespace mcpctl::http
