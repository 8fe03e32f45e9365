// Lines of a server's output: one, or a block of them that came together and is cut
// only by whoever looks at lines.  A flood is handled by the block.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mcpctl::runtime {

/// note: the supervisor's own words about the server.  state: a transition, told in
/// the same words as by the feed of transitions.
enum class Stream : std::uint8_t { out, err, note, state };

constexpr bool is_own_output(Stream stream) {
  return stream == Stream::out || stream == Stream::err;
}

struct Line {
  std::uint64_t sequence{0};  ///< counts this server's lines from 1
  std::int64_t unix_ms{0};
  Stream stream{};
  std::string text;       ///< without its newline; raw bytes, at most 64 KiB
  bool continued{false};  ///< the line was longer; the rest follows as the next one
};

/// One or more lines, borrowed.
struct LineBlock {
  std::uint64_t sequence{0};  ///< of the first
  std::int64_t unix_ms{0};
  Stream stream{};
  std::string_view text;  ///< with newlines between the lines, none after the last
  bool continued{false};  ///< a single line, and it was longer
};

/// How many lines `text` is: one more than it has newlines.
std::size_t count_lines(std::string_view text);

/// Gives the lines of a text one by one, without the carriage returns before their
/// newlines.
class LineCutter {
 public:
  explicit LineCutter(std::string_view text) : rest_(text) {}

  /// False: there was no more.
  bool next(std::string_view& line) {
    if (is_over_) return false;
    const std::size_t newline = rest_.find('\n');
    line = rest_.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    is_over_ = newline == std::string_view::npos;
    if (!is_over_) rest_.remove_prefix(newline + 1);
    return true;
  }

 private:
  std::string_view rest_;
  bool is_over_{false};
};

/// Calls `take` with each Line of the block.
template <typename Take>
void for_each_line(const LineBlock& block, Take take) {
  Line line{block.sequence, block.unix_ms, block.stream, {}, block.continued};
  LineCutter cutter{block.text};
  for (std::string_view text; cutter.next(text); ++line.sequence) {
    line.text = text;
    take(line);
  }
}

}  // namespace mcpctl::runtime
