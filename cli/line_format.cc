#include "cli/line_format.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "cli/ps_view.h"

namespace mcpctl::cli {
namespace {

constexpr std::size_t widest_state = 9;

/// Red and green are kept for what is bad and good.
constexpr std::array palette{Tone::cyan, Tone::yellow, Tone::magenta, Tone::blue};

}  // namespace

LineFormat::LineFormat(const std::vector<std::string>& servers, bool color) : color_(color) {
  for (const std::string& server : servers) {
    colors_.emplace(server, colors_.size());
    width_ = std::max(width_, columns(server));
  }
  width_ = std::min(width_, widest_name);
}

std::string LineFormat::line(std::string_view server, std::int64_t unix_ms, std::string_view stream,
                             std::string_view text) const {
  const Tone tone = stream == "mcpctl" ? Tone::dim : Tone::plain;
  return prefix(server, unix_ms) + painted("| ", Tone::dim, color_) +
         painted(safe_line(text), tone, color_) + "\n";
}

std::string LineFormat::transition(std::string_view server, std::int64_t unix_ms,
                                   std::string_view state, int pid, std::string_view why) const {
  std::string text = prefix(server, unix_ms) + painted("* ", Tone::bold, color_) +
                     painted(padded(state, widest_state), tone_of_state(state), color_) + " ";
  if (pid != 0) text += "pid " + std::to_string(pid) + (why.empty() ? "" : ": ");
  return text + safe_line(why) + "\n";
}

std::string LineFormat::explanation(std::string_view server, std::int64_t unix_ms,
                                    std::string_view text) const {
  return prefix(server, unix_ms) + painted("! ", Tone::red, color_) + safe_line(text) + "\n";
}

std::string LineFormat::prefix(std::string_view server, std::int64_t unix_ms) const {
  const auto known = colors_.find(server);
  const std::size_t index = known == colors_.end() ? colors_.size() : known->second;
  return painted(time_of_day(unix_ms), Tone::dim, color_) + " " +
         painted(padded(server, std::max(width_, std::min(columns(server), widest_name))),
                 palette[index % palette.size()], color_) +
         " ";
}

std::string time_of_day(std::int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  std::tm parts{};
  char text[16] = "";
  if (::localtime_r(&seconds, &parts) != nullptr) std::strftime(text, sizeof text, "%T", &parts);
  return text;
}

}  // namespace mcpctl::cli
