// Reads a JSON-RPC message without building a tree: finds a member of an object and
// hands out its text as it stands.  Enough for a server that answers fixed messages;
// not a validator.  Owns nothing: every view points into the caller's text.
#pragma once
#include <charconv>
#include <string>
#include <string_view>

namespace misbehave {

inline std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && std::string_view{" \t\r\n,:"}.contains(text[at])) ++at;
  return at;
}

/// The position behind the value that begins at `at`.
inline std::size_t skip_value(std::string_view text, std::size_t at) {
  unsigned depth = 0;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
      continue;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      --depth;
    } else if (depth > 0 || !std::string_view{",: \t\r\n"}.contains(c)) {
      continue;
    } else {
      return at;
    }
    if (depth == 0 && !quoted) return at + 1;
  }
  return at;
}

/// The text of the member `key` of `object`, strings with their quotes; empty if
/// there is none.
inline std::string_view member(std::string_view object, std::string_view key) {
  std::size_t at = skip_space(object, 0);
  if (at >= object.size() || object[at] != '{') return {};
  ++at;
  while ((at = skip_space(object, at)) < object.size() && object[at] == '"') {
    const std::size_t key_end = skip_value(object, at);
    const std::string_view found = object.substr(at, key_end - at);
    const std::size_t value = skip_space(object, key_end);
    const std::size_t value_end = skip_value(object, value);
    if (found.size() == key.size() + 2 && found.substr(1, key.size()) == key) {
      return object.substr(value, value_end - value);
    }
    at = value_end;
  }
  return {};
}

/// The number in `text`, else `otherwise`.
inline long number(std::string_view text, long otherwise) {
  long value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// `text` as a JSON string, quotes included.
inline std::string quoted(std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace misbehave
