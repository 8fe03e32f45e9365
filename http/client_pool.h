// The idle connections of a client.  For http/ only.
#pragma once
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "http/client.h"
#include "http/link.h"

namespace mcpctl::http {

struct Client::Pool {
  /// Drops its link whatever happens: an idle server has nothing to say but goodbye.
  struct Idle final : LinkHolder {
    Idle(Pool& owner, std::unique_ptr<Link> held) : pool(owner), link(std::move(held)) {
      link->hand_to(*this);
      link->idle_timer().arm(idle_time, [this] { pool.remove(*this); });
    }
    void on_open() noexcept override {}
    void on_data(std::string_view) noexcept override { pool.remove(*this); }
    void on_end() noexcept override { pool.remove(*this); }
    void on_broken(const Error&) noexcept override { pool.remove(*this); }

    Pool& pool;
    std::unique_ptr<Link> link;
  };

  void put(std::unique_ptr<Link> link) {
    if (idle.size() == idle_cap) idle.erase(idle.begin());
    idle.push_back(std::make_unique<Idle>(*this, std::move(link)));
  }

  /// The link used last to the same origin; null when there is none.
  std::unique_ptr<Link> take(const Url& url) {
    const auto found = std::find_if(idle.rbegin(), idle.rend(), [&](const auto& candidate) {
      return candidate->link->url().same_origin(url);
    });
    if (found == idle.rend()) return nullptr;
    auto link = std::move((*found)->link);
    link->idle_timer().disarm();
    idle.erase(std::next(found).base());
    return link;
  }

  void remove(const Idle& gone) noexcept {
    std::erase_if(idle, [&](const auto& candidate) { return candidate.get() == &gone; });
  }

  std::vector<std::unique_ptr<Idle>> idle;  // oldest first
};

}  // namespace mcpctl::http
