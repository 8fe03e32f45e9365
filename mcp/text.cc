#include "mcp/text.h"

namespace mcpctl::mcp {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view ellipsis = "\xE2\x80\xA6";     // U+2026

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

}  // namespace

std::size_t utf8_sequence(std::string_view bytes) {
  const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto continues = [&](std::size_t i, unsigned low, unsigned high) {
    return i < bytes.size() && at(i) >= low && at(i) <= high;
  };
  if (bytes.empty()) return 0;
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  // The table of well-formed sequences, Unicode standard, table 3-7.
  if (first >= 0xC2 && first <= 0xDF) return continues(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2, 0x80, 0xBF) && continues(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

std::string printable(std::string_view foreign, std::size_t limit) {
  std::string shown;
  std::size_t fits_with_ellipsis = 0;  // length of `shown` that leaves room for it
  while (!foreign.empty()) {
    const std::size_t length = utf8_sequence(foreign);
    std::string_view piece = length == 0 ? replacement : foreign.substr(0, length);
    if (length != 0 && is_control(piece)) piece = " ";
    if (shown.size() + piece.size() > limit) {
      shown.resize(fits_with_ellipsis);
      if (limit >= ellipsis.size()) shown += ellipsis;
      return shown;
    }
    shown += piece;
    if (shown.size() + ellipsis.size() <= limit) fits_with_ellipsis = shown.size();
    foreign.remove_prefix(length == 0 ? 1 : length);
  }
  return shown;
}

}  // namespace mcpctl::mcp
