#include "health/notification.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "mcp/text.h"

namespace mcpctl::health {
namespace {

constexpr std::size_t datagram_limit = 4096;
constexpr std::size_t status_limit = 256;
constexpr std::uint64_t extension_most_ms = 3'600'000;

std::optional<Duration> parse_usec(std::string_view digits) {
  std::uint64_t usec = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), usec);
  if (end != digits.data() + digits.size() || end == digits.data()) return std::nullopt;
  if (error == std::errc::result_out_of_range) usec = UINT64_MAX;
  const std::uint64_t ms = usec / 1000 + (usec % 1000 != 0 ? 1 : 0);
  return Duration{static_cast<Duration::rep>(std::min(ms, extension_most_ms))};
}

void apply(Notification& notification, std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == line.npos) return;
  const std::string_view variable = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  if (variable == "READY") {
    notification.ready = notification.ready || value == "1";
  } else if (variable == "STOPPING") {
    notification.stopping = notification.stopping || value == "1";
  } else if (variable == "WATCHDOG") {
    notification.watchdog_fed = notification.watchdog_fed || value == "1";
  } else if (variable == "EXTEND_TIMEOUT_USEC") {
    if (const auto extension = parse_usec(value)) notification.extend_timeout = extension;
  } else if (variable == "STATUS") {
    notification.status = mcp::printable(value, status_limit);
  }
}

}  // namespace

Notification parse_notification(std::string_view datagram) {
  Notification notification;
  std::string_view rest = datagram.substr(0, datagram_limit);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    apply(notification, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return notification;
}

}  // namespace mcpctl::health
