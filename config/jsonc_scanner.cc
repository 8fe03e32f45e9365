#include "config/jsonc_scanner.h"

#include <algorithm>

#include "base/ascii.h"
#include "config/utf8.h"

namespace mcpctl::config {
namespace {

constexpr std::size_t max_faults = 50;

/// RFC 8259 §6: [ minus ] int [ frac ] [ exp ].
bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

/// How many bytes at the front of a string's rest stand for themselves and need no look.
std::size_t plain_length(std::string_view text, char quote) {
  const auto end = std::ranges::find_if_not(
      text, [quote](char c) { return c >= ' ' && c < 0x7f && c != quote && c != '\\'; });
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

bool is_word_byte(char c) {
  return is_digit(c) || is_letter(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool JsoncScanner::starts_value() const {
  const char c = peek();
  return c == '"' || c == '{' || c == '[' || c == '-' || is_digit(c);
}

std::string JsoncScanner::found() const {
  if (at_end()) return "the end of the file";
  const char c = peek();
  if (c == '"') return "a string";
  if (is_word_byte(c)) return "a word";
  if (c > 0x20 && c < 0x7f) return std::string{"\""} + c + "\"";
  return "an unprintable character";
}

void JsoncScanner::fault(Span at, std::string message, std::string suggestion) {
  if (gave_up_) return;
  faults_.push_back({at, std::move(message), std::move(suggestion)});
  if (faults_.size() >= max_faults) {
    gave_up_ = true;
    understood_ = at_;
    at_ = text_.size();
  }
}

void JsoncScanner::give_up(Span at, std::string message, std::string suggestion) {
  fault(at, std::move(message), std::move(suggestion));
  if (gave_up_) return;
  gave_up_ = true;
  understood_ = std::min(std::max(at_, at.end), text_.size());
  at_ = text_.size();
}

void JsoncScanner::expected(std::string_view what) {
  give_up({at_, std::min(at_ + 1, text_.size())},
          "expected " + std::string{what} + ", found " + found());
}

void JsoncScanner::skip_comment() {
  const std::size_t begin = at_;
  if (text_.substr(at_, 2) == "/*") {
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) {
      give_up({begin, begin + 2}, "this comment is never closed", "end it with */");
    } else {
      at_ = end + 2;
    }
    return;
  }
  if (sees('#')) fault({begin, begin + 1}, "\"#\" starts no comment in JSON", "write //");
  at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
}

void JsoncScanner::skip_space() {
  while (!at_end()) {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else if (c == '#' || (c == '/' && at_ + 1 < text_.size() &&
                            (text_[at_ + 1] == '/' || text_[at_ + 1] == '*'))) {
      skip_comment();
    } else {
      return;
    }
  }
}

void JsoncScanner::string(Node& node, char quote) {
  const std::size_t begin = at_;
  node.type = Node::Type::string;
  if (quote == '\'') {
    fault({begin, begin + 1}, "a string stands in double quotes, not single ones");
  }
  ++at_;
  while (!gave_up_) {
    const std::size_t plain = plain_length(text_.substr(at_), quote);
    node.text += text_.substr(at_, plain);
    at_ += plain;
    if (at_end() || peek() == '\n' || peek() == '\r') {
      give_up({begin, at_}, "this string is not closed on its line", "end it with a quote");
      return;
    }
    const char c = peek();
    if (c == quote) {
      ++at_;
      return;
    }
    if (c == '\\') {
      escape(node.text);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fault({at_, at_ + 1}, "a control character stands in this string",
            c == '\t' ? "write it as \\t" : "write it as an escape, such as \\u001b");
      ++at_;
    } else if (const std::size_t length = utf8_length(text_.substr(at_)); length > 0) {
      node.text += text_.substr(at_, length);
      at_ += length;
    } else {
      fault({at_, at_ + 1}, "this byte is not UTF-8", "save the file as UTF-8");
      node.text += "\xef\xbf\xbd";
      ++at_;
    }
  }
}

void JsoncScanner::escape(std::string& into) {
  constexpr std::string_view names = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const std::size_t begin = at_++;
  const char c = peek();
  if (const std::size_t which = names.find(c); !at_end() && which != std::string_view::npos) {
    into += meanings[which];
    ++at_;
  } else if (c == 'u') {
    ++at_;
    unicode_escape(into, begin);
  } else {
    fault({begin, std::min(begin + 2, text_.size())}, "unknown escape in a string",
          "write a backslash as \\\\");
    into += '\\';
  }
}

/// The four hex digits of \uXXXX, or -1.
int JsoncScanner::hex4() {
  int code = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const char c = at_ + i < text_.size() ? text_[at_ + i] : '\0';
    const bool small = c >= 'a' && c <= 'f';
    if (!is_digit(c) && !small && !(c >= 'A' && c <= 'F')) return -1;
    code = code * 16 + (is_digit(c) ? c - '0' : (small ? c - 'a' : c - 'A') + 10);
  }
  at_ += 4;
  return code;
}

void JsoncScanner::unicode_escape(std::string& into, std::size_t begin) {
  const int first = hex4();
  if (first < 0) {
    fault({begin, at_}, "\\u needs four hex digits");
    return;
  }
  auto code = static_cast<char32_t>(first);
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
    const std::size_t second_at = at_;
    at_ += 2;
    const int second = hex4();
    if (second >= 0xdc00 && second < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (static_cast<char32_t>(second) - 0xdc00);
    } else {
      at_ = second_at;
    }
  }
  if (code >= 0xd800 && code < 0xe000) {
    fault({begin, at_}, "half of a surrogate pair in a string");
    code = 0xfffd;
  }
  append_utf8(into, code);
}

void JsoncScanner::number_or_word(Node& node) {
  const std::size_t begin = at_;
  while (!at_end() && (is_word_byte(peek()) || peek() == '-' || peek() == '+' || peek() == '.'))
    ++at_;
  const std::string_view word = text_.substr(begin, at_ - begin);
  if (word == "true" || word == "false") {
    node.type = Node::Type::boolean;
    node.boolean = word == "true";
  } else if (word == "null") {
    node.type = Node::Type::null;
  } else if (is_number(word)) {
    node.type = Node::Type::number;
    node.text = word;
  } else if (is_digit(word[0]) || word[0] == '-' || word[0] == '+' || word[0] == '.') {
    fault({begin, at_}, "not a number as JSON writes it",
          "use plain decimal digits, or double quotes for a string");
  } else {
    std::string hint = "put strings in double quotes";
    if (word == "True" || word == "TRUE" || word == "yes" || word == "on") hint = "write true";
    if (word == "False" || word == "FALSE" || word == "no" || word == "off") hint = "write false";
    if (word == "None" || word == "nil" || word == "undefined") hint = "write null";
    fault({begin, at_}, "expected a value, found a bare word", hint);
  }
}

}  // namespace mcpctl::config
