// What the user looks at: a terminal with a width and perhaps colours, or a file
// or pipe with neither.
#pragma once
#include <string>
#include <string_view>

namespace mcpctl::cli {

enum class Tone { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

/// `text` between the escape sequences of `tone`; as it is when `color` is false.
std::string painted(std::string_view text, Tone tone, bool color);

struct Terminal {
  bool is_terminal{false};
  bool color{false};
  std::size_t width{0};  ///< columns; 0: unlimited

  /// Of descriptor `number`.  Colours need a terminal that is not "dumb" and no
  /// $NO_COLOR (no-color.org); $COLUMNS overrides the width.
  static Terminal of(int number, bool no_color = false);
};

/// Columns that UTF-8 `text` takes: code points, since we print no wide ones.
std::size_t columns(std::string_view text);

/// `text` in at most `width` columns; what is cut shows as "…".
std::string shortened(std::string_view text, std::size_t width);

/// The same, and blanks up to that width.
std::string padded(std::string_view text, std::size_t width);

/// Of a server's name in a table or a prefix: one must not push everybody's lines off.
inline constexpr std::size_t widest_name = 24;

/// What a server wrote, as one line that is safe on any terminal: escape sequences
/// removed, other control characters shown as spaces, invalid bytes as U+FFFD.
std::string safe_line(std::string_view bytes);

}  // namespace mcpctl::cli
