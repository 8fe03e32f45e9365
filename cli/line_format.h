// How the foreground and `mcpctl logs` show lines of several servers: prefixed,
// aligned and coloured for people, JSON for programs.  Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"

namespace mcpctl::cli {

class LineFormat {
 public:
  /// Aligns to the longest of `servers`.
  LineFormat(const std::vector<std::string>& servers, bool color);

  /// "13:47:33 weather | text"; `stream` as the API names it.
  std::string line(std::string_view server, std::int64_t unix_ms, std::string_view stream,
                   std::string_view text) const;

  /// "13:47:33 weather * ready      pid 4711: answers".
  std::string transition(std::string_view server, std::int64_t unix_ms, std::string_view state,
                         int pid, std::string_view why) const;

  /// A line below a transition that explains it: "13:47:33 weather ! text".
  std::string explanation(std::string_view server, std::int64_t unix_ms,
                          std::string_view text) const;

 private:
  std::string prefix(std::string_view server, std::int64_t unix_ms) const;

  std::map<std::string, std::size_t, std::less<>> colors_;  ///< places in the palette
  std::size_t width_{0};
  bool color_;
};

/// Local time of day, "13:47:33".
std::string time_of_day(std::int64_t unix_ms);

}  // namespace mcpctl::cli
