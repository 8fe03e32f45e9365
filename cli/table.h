// Rows in aligned columns, made to fit: when the width is short, columns are left
// out in the order of their rank, and the last one is cut.  Pure.
#pragma once
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace mcpctl::cli {

struct Column {
  std::string title;
  bool to_the_right{false};  ///< numbers
  int rank{0};               ///< 0: always shown; the highest goes first
};

struct Cell {
  std::string text;
  Tone tone{Tone::plain};
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);

  /// As many cells as columns.
  void add(std::vector<Cell> row);
  /// Lines below the last row that belong to it, indented, cut like the rest.
  void add_note(std::string text, Tone tone);

  /// Each line ends with a newline and without trailing spaces.
  std::string render(const Terminal& terminal) const;

 private:
  struct Row {
    std::vector<Cell> cells;  ///< empty: a note
    Cell note;
  };
  std::vector<std::size_t> widths() const;
  std::vector<bool> chosen(const std::vector<std::size_t>& widths, std::size_t limit) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace mcpctl::cli
