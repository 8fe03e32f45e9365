#include "gateway/sessions.h"

#include <algorithm>
#include <utility>

#include "gateway/session_id.h"

namespace mcpctl::gateway {
namespace {

/// How coarse idleness is; also how often kept events are looked through.
constexpr Duration sweep_interval{15'000};
/// Enough to tell sessions apart; 96 bits stay unguessable.
constexpr std::size_t shown_of_id = 8;

}  // namespace

Sessions::Sessions(Floor& floor) : floor_(floor), timer_(floor.loop) {}

LegacySession& Sessions::open(LegacySession::Terms terms, relay::Asker asker) {
  if (sessions_.size() >= floor_.config.max_sessions) close(*entries_.front().session);
  terms.id = unguessable();
  const std::string id = terms.id;
  const Instant now = floor_.loop.now();
  entries_.push_back(
      {std::make_unique<LegacySession>(floor_, std::move(terms), std::move(asker)), now, now, now});
  sessions_.emplace(id, std::prev(entries_.end()));
  watch();
  return *entries_.back().session;
}

LegacySession* Sessions::find(std::string_view id, Principal principal, std::string_view server) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  LegacySession& session = *found->second->session;
  const LegacySession::Terms& terms = session.terms();
  if (terms.principal != principal || terms.server != server) return nullptr;
  found->second->heard = found->second->used = floor_.loop.turn();
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

std::vector<runtime::ClientSession> Sessions::list() const {
  const Instant now = floor_.loop.now();
  std::vector<runtime::ClientSession> sessions;
  sessions.reserve(entries_.size());
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    const LegacySession::Terms& terms = entry->session->terms();
    sessions.push_back({.id = terms.id.substr(0, shown_of_id),
                        .server = terms.server,
                        .client_name = terms.name,
                        .client_version = terms.version,
                        .protocol_version = std::string{terms.revision},
                        .token = std::string{floor_.admission.name(terms.principal)},
                        .remote = terms.remote,
                        .age = now - entry->opened,
                        .idle = std::max(Duration{0}, now - entry->heard),
                        .in_flight = entry->session->in_flight(),
                        .streams = entry->session->open_streams()});
  }
  return sessions;
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
