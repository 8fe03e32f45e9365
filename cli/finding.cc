#include "cli/finding.h"

#include <algorithm>
#include <cstdlib>

#include "cli/quantities.h"
#include "cli/terminal.h"
#include "control/json.h"

namespace mcpctl::cli {
namespace {

using Level = Finding::Level;

Tone tone_of(Level level) {
  switch (level) {
    case Level::ok: return Tone::green;
    case Level::warning: return Tone::yellow;
    case Level::problem: return Tone::red;
  }
  std::abort();
}

std::ptrdiff_t count_of(const std::vector<Finding>& findings, Level level) {
  return std::ranges::count(findings, level, &Finding::level);
}

}  // namespace

std::string_view name(Level level) {
  switch (level) {
    case Level::ok: return "ok";
    case Level::warning: return "warning";
    case Level::problem: return "problem";
  }
  std::abort();
}

bool has_problem(const std::vector<Finding>& findings) {
  return count_of(findings, Level::problem) > 0;
}

std::string render(const std::vector<Finding>& findings, bool color) {
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.check.size());
  constexpr std::size_t level_width = 9;
  std::string text;
  for (const Finding& finding : findings) {
    const std::string about = finding.about.empty() ? "" : finding.about + ": ";
    text += painted(padded(name(finding.level), level_width), tone_of(finding.level), color) +
            padded(finding.check, width) + "  " + safe_line(about + finding.text) + "\n";
    if (finding.advice.empty()) continue;
    text += std::string(level_width + width + 2, ' ') + "-> " + safe_line(finding.advice) + "\n";
  }
  return text + counted(count_of(findings, Level::problem), "problem") + ", " +
         counted(count_of(findings, Level::warning), "warning") + "\n";
}

std::string to_json(const std::vector<Finding>& findings) {
  std::vector<std::string> objects;
  for (const Finding& finding : findings) {
    objects.push_back("{\"level\":" + control::quoted(name(finding.level)) +
                      ",\"check\":" + control::quoted(finding.check) + ",\"server\":" +
                      (finding.about.empty() ? "null" : control::quoted(finding.about)) +
                      ",\"text\":" + control::quoted(finding.text) + ",\"advice\":" +
                      (finding.advice.empty() ? "null" : control::quoted(finding.advice)) + "}");
  }
  return std::string{"{\"ok\":"} + (has_problem(findings) ? "false" : "true") +
         ",\"findings\":" + control::array_of(objects) + "}\n";
}

}  // namespace mcpctl::cli
