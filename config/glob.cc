#include "config/glob.h"

#include <vector>

namespace mcpctl::config {
namespace {

std::vector<std::string_view> names_of(std::string_view path) {
  std::vector<std::string_view> names;
  while (true) {
    const std::size_t slash = path.find('/');
    names.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return names;
    path.remove_prefix(slash + 1);
  }
}

bool is_hidden(std::string_view name) { return name.starts_with('.'); }

/// Matches `items` against `patterns`, of which those that `is_star` stand for any
/// run of items that `may_skip` allows: greedy, going back to the last star only,
/// which is enough since an earlier one can always give up as much.
template <typename Patterns, typename Items, typename Star, typename Skip, typename Equal>
bool matches(const Patterns& patterns, const Items& items, Star is_star, Skip may_skip,
             Equal equal) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t p = 0;
  std::size_t star = none;
  std::size_t resume = 0;
  for (std::size_t i = 0; i < items.size();) {
    if (p < patterns.size() && is_star(patterns[p])) {
      star = p++;
      resume = i;
    } else if (p < patterns.size() && equal(patterns[p], items[i])) {
      ++p;
      ++i;
    } else if (star != none && may_skip(items[resume])) {
      p = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (p < patterns.size() && is_star(patterns[p])) ++p;
  return p == patterns.size();
}

bool matches_name(std::string_view pattern, std::string_view name) {
  if (is_hidden(name) && !is_hidden(pattern)) return false;
  return matches(
      pattern, name, [](char c) { return c == '*'; }, [](char) { return true; },
      [](char wanted, char found) { return wanted == '?' || wanted == found; });
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view path) {
  return matches(
      names_of(pattern), names_of(path), [](std::string_view name) { return name == "**"; },
      [](std::string_view name) { return !is_hidden(name); }, matches_name);
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

}  // namespace mcpctl::config
