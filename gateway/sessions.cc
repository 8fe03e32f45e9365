#include "gateway/sessions.h"

#include <algorithm>
#include <utility>

#include "gateway/session_id.h"

namespace mcpctl::gateway {
namespace {

/// How coarse idleness is; also how often kept events are looked through.
constexpr Duration sweep_interval{15'000};

}  // namespace

Sessions::Sessions(Floor& floor) : floor_(floor), timer_(floor.loop) {}

LegacySession& Sessions::open(LegacySession::Terms terms, relay::Asker asker) {
  if (sessions_.size() >= floor_.config.max_sessions) close(*entries_.front().session);
  terms.id = unguessable();
  const std::string id = terms.id;
  entries_.push_back({std::make_unique<LegacySession>(floor_, std::move(terms), std::move(asker)),
                      floor_.loop.now()});
  sessions_.emplace(id, std::prev(entries_.end()));
  watch();
  return *entries_.back().session;
}

LegacySession* Sessions::find(std::string_view id, Principal principal, std::string_view server) {
  if (!is_session_id(id)) return nullptr;
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  LegacySession& session = *found->second->session;
  const LegacySession::Terms& terms = session.terms();
  if (terms.principal != principal || terms.server != server) return nullptr;
  found->second->used = floor_.loop.turn();
  entries_.splice(entries_.end(), entries_, found->second);
  return &session;
}

void Sessions::close(const LegacySession& session) {
  const auto found = sessions_.find(session.terms().id);
  if (found == sessions_.end()) return;
  entries_.erase(found->second);
  sessions_.erase(found);
}

void Sessions::reconfigured() {
  for (auto each = entries_.begin(); each != entries_.end();) {
    const LegacySession& session = *(each++)->session;
    const LegacySession::Terms& terms = session.terms();
    if (!floor_.admission.may_enter(terms.principal, terms.server)) close(session);
  }
  while (sessions_.size() > floor_.config.max_sessions) close(*entries_.front().session);
  timer_.disarm();
  watch();
}

std::size_t Sessions::in_flight() const {
  std::size_t count = 0;
  for (const Entry& entry : entries_) count += entry.session->in_flight();
  return count;
}

void Sessions::watch() {
  if (timer_.is_armed() || entries_.empty()) return;
  const Duration interval = std::min(sweep_interval, floor_.config.session_idle);
  timer_.arm(interval, [this] { sweep(); });
}

void Sessions::sweep() {
  const Instant now = floor_.loop.now();
  for (auto each = entries_.begin(); each != entries_.end();) {
    const auto entry = each++;
    entry->session->forget(now);
    if (entry->session->is_busy()) entry->used = now;
    if (now - entry->used >= floor_.config.session_idle) close(*entry->session);
  }
  watch();
}

}  // namespace mcpctl::gateway
