#include "gateway/event_store.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace mcpctl::gateway {
namespace {

/// An event costs this much besides its text.
constexpr std::size_t overhead = 64;

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || rest != end || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::string text_of(EventId id) {
  return std::to_string(id.stream) + "-" + std::to_string(id.number);
}

std::optional<EventId> read_event_id(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto stream = read_number(text.substr(0, dash));
  const auto number = read_number(text.substr(dash + 1));
  if (!stream || !number) return std::nullopt;
  return EventId{*stream, *number};
}

void EventStore::add(EventId id, std::string_view text, Instant now) {
  const std::size_t size = text.size() + overhead;
  if (size > byte_cap_) return;
  while (bytes_ + size > byte_cap_) drop_oldest();
  events_.push_back({id, std::string{text}, now});
  bytes_ += size;
}

std::optional<std::vector<EventStore::Event>> EventStore::after(EventId after) const {
  std::vector<Event> found;
  std::uint64_t expected = after.number + 1;
  for (const Kept& kept : events_) {
    if (kept.id.stream != after.stream || kept.id.number <= after.number) continue;
    if (kept.id.number != expected++) return std::nullopt;
    found.push_back({kept.id, kept.text});
  }
  return found;
}

void EventStore::forget(Instant before) {
  while (!events_.empty() && events_.front().came < before) drop_oldest();
}

void EventStore::forget_stream(std::uint64_t stream) {
  std::erase_if(events_, [&](const Kept& kept) {
    if (kept.id.stream != stream) return false;
    bytes_ -= kept.text.size() + overhead;
    return true;
  });
}

std::optional<Instant> EventStore::oldest() const {
  if (events_.empty()) return std::nullopt;
  return events_.front().came;
}

void EventStore::drop_oldest() {
  bytes_ -= events_.front().text.size() + overhead;
  events_.pop_front();
}

}  // namespace mcpctl::gateway
