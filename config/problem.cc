#include "config/problem.h"

#include <algorithm>

namespace mcpctl::config {
namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view magenta = "\x1b[1;35m";
constexpr std::string_view green = "\x1b[1;32m";
constexpr std::string_view reset = "\x1b[0m";

}  // namespace

std::string render(const Problem& problem, bool color) {
  const auto paint = [&](std::string_view code) { return color ? code : std::string_view{}; };
  const bool is_error = problem.severity == Problem::Severity::error;
  const std::string line = std::to_string(problem.where.line);
  const std::string margin(std::max<std::size_t>(line.size(), 4), ' ');

  std::string text;
  const auto put = [&](std::string_view piece) { text += piece; };
  put(paint(bold));
  put(problem.where.file + ":" + line + ":" + std::to_string(problem.where.column) + ": ");
  put(paint(is_error ? red : magenta));
  put(is_error ? "error: " : "warning: ");
  put(paint(reset));
  put(problem.message + "\n");
  put(margin.substr(line.size()) + line + " | " + problem.source_line + "\n");
  put(margin + " | " + std::string(problem.caret, ' '));
  put(paint(green));
  put("^" + std::string(std::max<std::size_t>(problem.width, 1) - 1, '~'));
  put(paint(reset));
  put("\n");
  if (!problem.suggestion.empty()) put(margin + " = " + problem.suggestion + "\n");
  return text;
}

}  // namespace mcpctl::config
