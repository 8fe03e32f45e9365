#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "mcp/text.h"

namespace mcpctl::cli {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

std::string_view escape_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::bold: return "\x1b[1m";
    case Tone::dim: return "\x1b[2m";
    case Tone::red: return "\x1b[31m";
    case Tone::green: return "\x1b[32m";
    case Tone::yellow: return "\x1b[33m";
    case Tone::blue: return "\x1b[34m";
    case Tone::magenta: return "\x1b[35m";
    case Tone::cyan: return "\x1b[36m";
  }
  return "";
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes it
  return value == nullptr ? "" : value;
}

/// Length of the escape sequence at the front of `text` (ECMA-48 §5.4: CSI; OSC up to
/// its terminator; else ESC and one byte), 0 if there is none.
std::size_t escape_length(std::string_view text) {
  if (text.empty() || text[0] != '\x1b') return 0;
  if (text.size() == 1) return 1;
  if (text[1] == '[') {
    const auto final_byte = std::ranges::find_if(text.begin() + 2, text.end(),
                                                 [](char c) { return c >= '@' && c <= '~'; });
    return final_byte == text.end() ? text.size()
                                    : static_cast<std::size_t>(final_byte - text.begin()) + 1;
  }
  if (text[1] == ']') {
    const std::size_t bell = text.find('\a');
    const std::size_t terminator = text.find("\x1b\\", 2);
    if (bell < terminator) return bell + 1;
    return terminator == std::string_view::npos ? text.size() : terminator + 2;
  }
  return 2;
}

}  // namespace

std::string painted(std::string_view text, Tone tone, bool color) {
  if (!color || tone == Tone::plain || text.empty()) return std::string{text};
  return std::string{escape_of(tone)} + std::string{text} + "\x1b[0m";
}

Terminal Terminal::of(int number, bool no_color) {
  Terminal terminal;
  terminal.is_terminal = ::isatty(number) == 1;
  if (!terminal.is_terminal) return terminal;
  terminal.color = !no_color && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  winsize size{};
  terminal.width = ::ioctl(number, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  if (const int wanted = std::atoi(std::string{environment("COLUMNS")}.c_str()); wanted > 0) {
    terminal.width = static_cast<std::size_t>(wanted);
  }
  return terminal;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

std::string shortened(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string{text};
  if (width == 0) return "";
  std::size_t end = 0;
  for (std::size_t taken = 0; end < text.size(); ++end) {
    if (!is_continuation(text[end]) && taken++ == width - 1) break;
  }
  return std::string{text.substr(0, end)} + "…";
}

std::string padded(std::string_view text, std::size_t width) {
  std::string result = shortened(text, width);
  result.append(width - std::min(width, columns(result)), ' ');
  return result;
}

std::string safe_line(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t escape = bytes.find('\x1b');
    text += bytes.substr(0, escape);
    if (escape == std::string_view::npos) break;
    bytes.remove_prefix(escape);
    bytes.remove_prefix(escape_length(bytes));
  }
  if (text.ends_with('\r')) text.pop_back();
  // Invalid bytes grow to three, so the limit allows for a full line of them.
  return mcp::printable(text, text.size() * 3 + 8);
}

}  // namespace mcpctl::cli
