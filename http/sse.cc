#include "http/sse.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace mcpctl::http {

bool SseParser::feed(std::string_view bytes, std::vector<SseEvent>& events) {
  while (!bytes.empty() && !failed_) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') bytes.remove_prefix(1);
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > event_cap_) failed_ = true;
    if (failed_) break;
    line_ += part;
    if (end == std::string_view::npos) break;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line(line_, events);
    line_.clear();
  }
  return !failed_;
}

void SseParser::take_line(std::string_view line, std::vector<SseEvent>& events) {
  if (std::exchange(at_start_, false) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.empty()) {
    if (!data_.empty()) {
      data_.pop_back();  // the line feed after the last data line
      events.push_back({last_id_, type_.empty() ? "message" : type_, std::move(data_), retry_});
    }
    data_.clear();
    type_.clear();
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (data_.size() + value.size() >= event_cap_) {
      failed_ = true;
      return;
    }
    data_ += value;
    data_ += '\n';
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) last_id_ = value;
  } else if (name == "retry") {
    const bool digits = !value.empty() && value.size() <= 9 && std::ranges::all_of(value, is_digit);
    if (digits) retry_ = Duration{std::stol(std::string{value})};
  }
}

std::string format_sse(std::string_view id, std::string_view type, std::string_view data) {
  std::string text;
  text.reserve(data.size() + id.size() + type.size() + 32);
  const auto add = [&](std::string_view name, std::string_view value) {
    text += name;
    text += ": ";
    for (const char c : value) {
      if (c != '\r' && c != '\n' && c != '\0') text += c;
    }
    text += '\n';
  };
  if (!id.empty()) add("id", id);
  if (!type.empty()) add("event", type);
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    text += "data: ";
    text += data.substr(0, end);
    text += '\n';
    if (end == std::string_view::npos) break;
    const bool pair = data[end] == '\r' && end + 1 < data.size() && data[end + 1] == '\n';
    data.remove_prefix(end + (pair ? 2 : 1));
  }
  text += '\n';
  return text;
}

}  // namespace mcpctl::http
