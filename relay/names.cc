#include "relay/names.h"

#include <algorithm>
#include <cstdint>

#include "base/ascii.h"
#include "base/hex.h"

namespace mcpctl::relay {
namespace {

/// FNV-1a, 32 bits, in hexadecimal: tells apart what was shortened to the same.
std::string digest(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 16777619u;
  }
  std::string digits(8, '0');
  for (std::size_t i = 8; i-- > 0; hash >>= 4) digits[i] = hex_digits[hash & 0xF];
  return digits;
}

bool is_allowed(char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; }

}  // namespace

std::string name_prefix(std::string_view server) {
  std::string prefix;
  for (const char c : server) {
    if (c == '_' && prefix.ends_with('_')) continue;
    prefix += is_allowed(c) ? c : '-';
  }
  // With one at its end, the separator would begin too early.
  while (prefix.ends_with('_')) prefix.pop_back();
  if (prefix == server && prefix.size() <= longest_prefix) return prefix;
  const std::string suffix = '-' + digest(server);
  prefix.resize(std::min(prefix.size(), longest_prefix - suffix.size()));
  return prefix + suffix;
}

std::string joined_name(std::string_view prefix, std::string_view name) {
  std::string joined{prefix};
  joined += name_separator;
  joined += name;
  if (joined.size() <= longest_joined_name) return joined;
  const std::string suffix = '-' + digest(name);
  std::size_t length = longest_joined_name - suffix.size();
  while ((static_cast<unsigned char>(joined[length]) & 0xC0) == 0x80) --length;  // inside UTF-8
  joined.resize(length);
  return joined + suffix;
}

SplitName split_name(std::string_view joined) {
  const std::size_t at = joined.find(name_separator);
  if (at == joined.npos) return {{}, joined};
  return {joined.substr(0, at), joined.substr(at + name_separator.size())};
}

}  // namespace mcpctl::relay
