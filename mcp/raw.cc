#include "mcp/raw.h"

#include <algorithm>
#include <charconv>

namespace mcpctl::mcp {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void skip_space(std::string_view& rest) {
  while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
}

std::size_t string_length(std::string_view text) {
  for (std::size_t quote = text.find('"', 1); quote != text.npos;
       quote = text.find('"', quote + 1)) {
    const std::size_t backslashes = quote - 1 - text.find_last_not_of('\\', quote - 1);
    if (backslashes % 2 == 0) return quote + 1;
  }
  return text.size();
}

std::size_t container_length(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    switch (text[i]) {
      case '"': i += string_length(text.substr(i)); continue;
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']':
        if (--depth == 0) return i + 1;
        break;
      default: break;
    }
    ++i;
  }
  return text.size();
}

/// Takes the value at the front of `rest`, and the separator behind it.
std::string_view take_value(std::string_view& rest) {
  skip_space(rest);
  if (rest.empty()) return {};
  std::size_t length = 0;
  switch (rest[0]) {
    case '"': length = string_length(rest); break;
    case '{':
    case '[': length = container_length(rest); break;
    default: length = std::min(rest.find_first_of(" \t\r\n,:]}"), rest.size()); break;
  }
  const std::string_view value = rest.substr(0, length);
  rest.remove_prefix(length);
  skip_space(rest);
  if (!rest.empty() && (rest[0] == ',' || rest[0] == ':')) rest.remove_prefix(1);
  return value;
}

std::string_view inside(std::string_view container, char open) {
  skip_space(container);
  return container.starts_with(open) ? container.substr(1) : std::string_view{};
}

unsigned hex4(std::string_view digits) {
  unsigned value = 0;
  const std::string_view four = digits.substr(0, 4);
  std::from_chars(four.data(), four.data() + four.size(), value, 16);
  return value;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// Resolves the escape whose letter is at the front of `rest`, and takes it.
void take_escape(std::string& out, std::string_view& rest) {
  const char letter = rest[0];
  rest.remove_prefix(1);
  switch (letter) {
    case 'b': out += '\b'; return;
    case 'f': out += '\f'; return;
    case 'n': out += '\n'; return;
    case 'r': out += '\r'; return;
    case 't': out += '\t'; return;
    case 'u': break;
    default: out += letter; return;
  }
  unsigned code = hex4(rest);
  rest.remove_prefix(std::min<std::size_t>(4, rest.size()));
  if (code >= 0xD800 && code < 0xDC00 && rest.size() >= 6) {
    code = 0x10000 + ((code - 0xD800) << 10) + ((hex4(rest.substr(2)) - 0xDC00) & 0x3FF);
    rest.remove_prefix(6);
  }
  append_utf8(out, code);
}

}  // namespace

RawObject::RawObject(std::string_view object) : rest_(inside(object, '{')) {}

std::optional<RawObject::Member> RawObject::next() {
  skip_space(rest_);
  if (!rest_.starts_with('"')) return std::nullopt;
  const std::string_view key = take_value(rest_);
  return Member{key, take_value(rest_)};
}

RawArray::RawArray(std::string_view array) : rest_(inside(array, '[')) {}

std::optional<std::string_view> RawArray::next() {
  skip_space(rest_);
  if (rest_.empty() || rest_[0] == ']') return std::nullopt;
  const std::string_view value = take_value(rest_);
  if (value.empty()) return std::nullopt;
  return value;
}

std::string_view member(std::string_view object, std::string_view key) {
  RawObject members{object};
  while (const auto found = members.next()) {
    if (is_string(found->key, key)) return found->value;
  }
  return {};
}

std::optional<std::string> string_value(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return std::nullopt;
  std::string_view rest = raw.substr(1, raw.size() - 2);
  if (rest.find('\\') == rest.npos) return std::optional<std::string>{std::in_place, rest};
  std::string text;
  text.reserve(rest.size());
  while (!rest.empty()) {
    const std::size_t plain = std::min(rest.find('\\'), rest.size());
    text += rest.substr(0, plain);
    rest.remove_prefix(std::min(plain + 1, rest.size()));
    if (!rest.empty()) take_escape(text, rest);
  }
  return text;
}

bool is_string(std::string_view raw, std::string_view text) {
  if (raw.size() < 2 || raw.front() != '"') return false;
  const std::string_view between = raw.substr(1, raw.size() - 2);
  if (between == text) return !text.contains('\\');
  // An escape is longer than what it stands for.
  if (between.size() <= text.size() || !between.contains('\\')) return false;
  if (between.size() > 6 * text.size()) return false;  // no escape is longer than six per byte
  return string_value(raw) == text;
}

std::optional<std::int64_t> integer_value(std::string_view raw) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  if (error != std::errc{} || end != raw.data() + raw.size()) return std::nullopt;
  return value;
}

}  // namespace mcpctl::mcp
