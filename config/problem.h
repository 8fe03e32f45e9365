// One thing that is wrong with the users' files, with everything needed to show
// it: where, the line itself, a caret, a way out.  Free of secrets and of control
// characters by the time it exists, so it may go to any terminal, log or API.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "config/config.h"

namespace mcpctl::config {

struct Problem {
  enum class Severity { error, warning };
  Severity severity{Severity::error};
  Location where;           ///< of the first byte concerned
  std::string message;      ///< one line, no full stop
  std::string source_line;  ///< as shown: redacted, tabs as spaces, long lines cut
  std::size_t caret{0};     ///< columns of source_line before the caret, from 0
  std::size_t width{1};     ///< columns underlined, at least 1
  std::string suggestion;   ///< "did you mean …?"; may be empty
};

/// Several lines, each ended by a newline:
///   mcp.json:4:21: error: unknown key "restrat" in "x-mcpctl"
///      4 |   "x-mcpctl": {"restrat": "always"}
///        |                ^~~~~~~~~
///        = did you mean "restart"?
std::string render(const Problem& problem, bool color = false);

}  // namespace mcpctl::config
