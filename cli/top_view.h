// What `mcpctl top` shows of its state on a screen of a given size.  Pure.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "cli/top_state.h"

namespace mcpctl::cli {

struct ScreenSize {
  std::size_t columns{80};
  std::size_t rows{24};
  friend bool operator==(const ScreenSize&, const ScreenSize&) = default;
};

/// Exactly `rows` lines, none wider than `columns`, without newlines.
std::vector<std::string> render_top(const TopState& state, const ScreenSize& size, bool color);

/// How many lines the paging keys go on the page that is shown.
std::size_t page_lines(const TopState& state, const ScreenSize& size);

}  // namespace mcpctl::cli
