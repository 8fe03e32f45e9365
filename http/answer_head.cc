#include "http/answer_head.h"

#include <algorithm>
#include <charconv>

namespace mcpctl::http {
namespace {

bool breaks_the_line(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }

/// What the framing says, and nobody else may.
bool is_ours(std::string_view name) {
  return equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Content-Length") ||
         equal_ignoring_case(name, "Transfer-Encoding");
}

}  // namespace

std::string_view AnswerHead::write(int status, std::string_view content_type,
                                   const Headers& headers, Framing framing, bool keep_alive) {
  if (status != status_ || content_type != content_type_) begin(status, content_type);
  text_.resize(beginning_);
  for (const Header field : headers) {
    if (!is_ours(field.name)) add(field.name, field.value);
  }
  text_ += date_line();
  if (framing.length) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, *framing.length).ptr;
    text_ += "Content-Length: ";
    text_.append(digits, static_cast<std::size_t>(end - digits));
    text_ += "\r\n";
  }
  if (framing.chunked) text_ += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive) text_ += "Connection: close\r\n";
  text_ += "\r\n";
  return text_;
}

void AnswerHead::begin(int status, std::string_view content_type) {
  status_ = status;
  content_type_ = content_type;
  text_ = "HTTP/1.1 " + std::to_string(status) + ' ';
  text_ += reason_phrase(status);
  text_ += "\r\n";
  if (!content_type.empty()) add("Content-Type", content_type);
  beginning_ = text_.size();
}

std::string_view AnswerHead::date_line() {
  const std::time_t now = std::time(nullptr);
  if (now != dated_) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    constexpr const char* format = "Date: %a, %d %b %Y %H:%M:%S GMT\r\n";
    date_size_ = std::strftime(date_line_, sizeof date_line_, format, &parts);
    dated_ = now;
  }
  return {date_line_, date_size_};
}

void AnswerHead::add(std::string_view name, std::string_view value) {
  append_line(text_, {name, value});
  const std::size_t size = value.size() + 2;  // and the line's end
  const auto begin = text_.end() - static_cast<std::ptrdiff_t>(size);
  std::replace_if(begin, text_.end() - 2, breaks_the_line, ' ');
}

}  // namespace mcpctl::http
