#include "http/link.h"

#include <utility>

namespace mcpctl::http {

Link::Link(loop::Loop& loop, Url url, LinkHolder& holder)
    : url_(std::move(url)), holder_(&holder), idle_timer_(loop) {}

Result<std::unique_ptr<Link>> Link::open(loop::Loop& loop, Url url, loop::Fd socket,
                                         LinkHolder& holder) {
  auto link = std::make_unique<Link>(loop, std::move(url), holder);
  Link* self = link.get();
  auto opened =
      loop::Connection::open(loop, std::move(socket),
                             {[self](std::string_view bytes) { self->holder_->on_data(bytes); },
                              {},
                              [self](const Error& error) { self->holder_->on_broken(error); },
                              {},
                              [self] { self->holder_->on_end(); }});
  if (!opened) return std::unexpected{opened.error()};
  link->connection_.emplace(std::move(*opened));
  return link;
}

}  // namespace mcpctl::http
