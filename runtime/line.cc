#include "runtime/line.h"

namespace mcpctl::runtime {

std::size_t count_lines(std::string_view text) {
  // Sums that fit a byte, over pieces of one length: the compiler then compares
  // sixteen bytes at a time, which a flood is worth.
  constexpr std::size_t piece = 240;
  std::size_t newlines = 0;
  for (; text.size() >= piece; text.remove_prefix(piece)) {
    const char* const bytes = text.data();
    unsigned char sum = 0;
    for (std::size_t i = 0; i < piece; ++i) {
      sum = static_cast<unsigned char>(sum + static_cast<unsigned char>(bytes[i] == '\n'));
    }
    newlines += sum;
  }
  for (const char c : text) newlines += c == '\n' ? 1 : 0;
  return newlines + 1;
}

}  // namespace mcpctl::runtime
