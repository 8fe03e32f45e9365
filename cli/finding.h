// What an examination (mcpctl doctor) found: facts with a verdict, and for those that
// are not well what to do.  Values and their text; pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace mcpctl::cli {

struct Finding {
  enum class Level { ok, warning, problem };
  Level level{Level::ok};
  std::string check;   ///< "commands"
  std::string about;   ///< a server's name, or empty
  std::string text;    ///< the fact, one sentence
  std::string advice;  ///< the way out; empty if ok
  friend bool operator==(const Finding&, const Finding&) = default;
};

std::string_view name(Finding::Level level);

bool has_problem(const std::vector<Finding>& findings);

/// A line for each, advice below it, then the sum.
std::string render(const std::vector<Finding>& findings, bool color);

/// {"ok": bool, "findings": [{"level", "check", "server", "text", "advice"}]}.
std::string to_json(const std::vector<Finding>& findings);

}  // namespace mcpctl::cli
