// Which tools of a server clients may see and call: globs from the configuration
// (enabledTools, disabledTools) and from tokens (scopes).
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/envelope.h"

namespace mcpctl::relay {

/// `*` stands for any characters, `?` for one byte; all else for itself.
bool matches_glob(std::string_view glob, std::string_view text);

struct ToolFilter {
  std::vector<std::string> enabled{};   ///< empty: all
  std::vector<std::string> disabled{};  ///< stronger

  bool allows(std::string_view tool) const;
  bool is_open() const { return enabled.empty() && disabled.empty(); }
  friend bool operator==(const ToolFilter&, const ToolFilter&) = default;
};

/// A response to tools/list with only the tools that `keep` names; every other byte
/// stays, but for the commas between them.  Anything else comes back as it was.
std::string with_tools(std::string_view text, const mcp::Envelope& envelope,
                       const std::function<bool(std::string_view tool)>& keep);

}  // namespace mcpctl::relay
