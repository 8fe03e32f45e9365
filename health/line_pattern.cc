#include "health/line_pattern.h"

#include <optional>
#include <regex>
#include <utility>

namespace mcpctl::health {
namespace {

/// libstdc++ can match without backtracking, in time polynomial in the line, but
/// then refuses back-references; those get the ordinary engine, whose recursion
/// the bound on the line keeps within the stack.
std::optional<std::regex> compiled_with(const std::string& expression,
                                        std::regex::flag_type flags) {
  try {
    return std::regex{expression, flags};
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

}  // namespace

struct LinePattern::Compiled {
  std::regex expression;
};

LinePattern::LinePattern(std::unique_ptr<const Compiled> compiled)
    : compiled_(std::move(compiled)) {}
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;
LinePattern::~LinePattern() = default;

Result<LinePattern> LinePattern::compile(const std::string& expression) {
  const auto flags = std::regex::ECMAScript;
#ifdef __GLIBCXX__
  if (auto regex = compiled_with(expression, flags | std::regex_constants::__polynomial)) {
    return LinePattern{std::make_unique<const Compiled>(Compiled{std::move(*regex)})};
  }
#endif
  try {
    return LinePattern{std::make_unique<const Compiled>(Compiled{std::regex{expression, flags}})};
  } catch (const std::regex_error& error) {
    return failure("cannot compile expression \"" + expression + "\": " + error.what());
  }
}

bool LinePattern::matches(std::string_view line) const noexcept {
  const std::string_view start = line.substr(0, searched);
  try {
    return std::regex_search(start.begin(), start.end(), compiled_->expression);
  } catch (const std::exception&) {  // error_complexity, error_stack, no memory
    return false;
  }
}

}  // namespace mcpctl::health
