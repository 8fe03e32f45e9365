#include "cli/table.h"

#include <algorithm>

#include "base/assert.h"

namespace mcpctl::cli {
namespace {

constexpr std::size_t gap = 2;
/// Less than this of the last column says nothing: rather leave out another one.
constexpr std::size_t least_last = 24;

std::string padding(std::size_t count) { return std::string(count, ' '); }

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  MCPCTL_ASSERT(!columns_.empty());
}

void Table::add(std::vector<Cell> row) {
  MCPCTL_ASSERT(row.size() == columns_.size());
  rows_.push_back({std::move(row), {}});
}

void Table::add_note(std::string text, Tone tone) {
  rows_.push_back({{}, {std::move(text), tone}});
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns(columns_[i].title);
    for (const Row& row : rows_) {
      if (!row.cells.empty()) width = std::max(width, columns(row.cells[i].text));
    }
    widths.push_back(width);
  }
  return widths;
}

std::vector<bool> Table::chosen(const std::vector<std::size_t>& widths, std::size_t limit) const {
  std::vector<bool> shown(columns_.size(), true);
  const auto total = [&] {
    std::size_t sum = std::min(widths.back(), least_last);
    for (std::size_t i = 0; i + 1 < columns_.size(); ++i) sum += shown[i] ? widths[i] + gap : 0;
    return sum;
  };
  while (limit > 0 && total() > limit) {
    std::size_t victim = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool goes_first = victim == columns_.size() || columns_[i].rank > columns_[victim].rank;
      if (shown[i] && columns_[i].rank > 0 && goes_first) victim = i;
    }
    if (victim == columns_.size()) break;
    shown[victim] = false;
  }
  return shown;
}

std::string Table::render(const Terminal& terminal) const {
  const std::vector<std::size_t> widths = this->widths();
  const std::vector<bool> shown = chosen(widths, terminal.width);
  std::string text;

  const auto add_line = [&](const std::vector<Cell>& cells) {
    std::string line;
    std::size_t at = 0;
    std::size_t owed = 0;  // spaces that are written only if something follows
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!shown[i]) continue;
      const bool is_last = i + 1 == columns_.size();
      std::string content = cells[i].text;
      if (is_last && terminal.width > at) content = shortened(content, terminal.width - at);
      const std::size_t width = columns(content);
      const std::size_t rest = widths[i] > width ? widths[i] - width : 0;
      if (columns_[i].to_the_right) owed += rest;
      if (!content.empty()) {
        line += padding(owed) + painted(content, cells[i].tone, terminal.color);
        owed = 0;
      }
      if (content.empty()) owed += width;
      if (!columns_[i].to_the_right) owed += rest;
      owed += gap;
      at += widths[i] + gap;
    }
    text += line + "\n";
  };

  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Tone::bold});
  add_line(titles);
  for (const Row& row : rows_) {
    if (!row.cells.empty()) {
      add_line(row.cells);
      continue;
    }
    const std::size_t room = terminal.width > gap ? terminal.width - gap : 0;
    const std::string note = room > 0 ? shortened(row.note.text, room) : row.note.text;
    text += padding(gap) + painted(note, row.note.tone, terminal.color) + "\n";
  }
  return text;
}

}  // namespace mcpctl::cli
