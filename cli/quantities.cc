#include "cli/quantities.h"

#include <cstdio>

namespace mcpctl::cli {
namespace {

std::string two_units(long long first, const char* first_unit, long long second,
                      const char* second_unit) {
  char text[48];
  std::snprintf(text, sizeof text, "%lld%s%02lld%s", first, first_unit, second, second_unit);
  return text;
}

}  // namespace

std::string short_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + "B";
  if (bytes < 1024u * 1024) return std::to_string(bytes / 1024) + "K";
  const double mebibytes = static_cast<double>(bytes) / (1024 * 1024);
  char text[32];
  if (mebibytes < 1000) {
    std::snprintf(text, sizeof text, "%.1fM", mebibytes);
  } else {
    std::snprintf(text, sizeof text, "%.1fG", mebibytes / 1024);
  }
  return text;
}

std::string short_age(Duration age) {
  const long long seconds = age.count() / 1000;
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return two_units(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86'400) return two_units(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return two_units(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
}

std::string short_cpu(Duration time) {
  if (time >= std::chrono::minutes{1}) return short_age(time);
  char text[32];
  const double seconds = static_cast<double>(time.count()) / 1000;
  std::snprintf(text, sizeof text, seconds < 10 ? "%.2fs" : "%.1fs", seconds);
  return text;
}

std::string counted(std::ptrdiff_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string{noun} + (count == 1 ? "" : "s");
}

}  // namespace mcpctl::cli
