// Path patterns as shells and .gitignore have taught everybody: "*" and "?" within
// one name, "**" for any number of folders.  Pure.
#pragma once
#include <string_view>

namespace mcpctl::config {

/// The whole of `path` against the whole of `pattern`.  A wildcard never stands for
/// the dot at the beginning of a name: hidden files are matched by name only.
/// Linear in the product of the lengths, whatever the pattern.
bool matches_glob(std::string_view pattern, std::string_view path);

bool has_wildcard(std::string_view pattern);

}  // namespace mcpctl::config
