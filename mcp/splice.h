// A message with other values in some places, and every other byte as it came.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "mcp/envelope.h"

namespace mcpctl::mcp {

struct Replacement {
  Span where;
  std::string_view with;
};

/// `text` with each span replaced; they must be in order and not overlap.
std::string splice(std::string_view text, std::span<const Replacement> replacements);
std::string splice(std::string_view text, Span where, std::string_view with);

}  // namespace mcpctl::mcp
