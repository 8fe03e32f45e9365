#include "relay/tool_filter.h"

#include <algorithm>

#include "mcp/raw.h"

namespace mcpctl::relay {

bool matches_glob(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = glob.npos;  // the last one, and where the text went on behind it
  std::size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == glob.npos;
}

bool ToolFilter::allows(std::string_view tool) const {
  const auto any = [tool](const std::vector<std::string>& globs) {
    return std::ranges::any_of(globs,
                               [tool](const auto& glob) { return matches_glob(glob, tool); });
  };
  return (enabled.empty() || any(enabled)) && !any(disabled);
}

std::string with_tools(std::string_view text, const mcp::Envelope& envelope,
                       const std::function<bool(std::string_view tool)>& keep) {
  std::string out;
  std::size_t copied = 0;
  mcp::RawObject members{envelope.result.in(text)};
  while (const auto member = members.next()) {
    if (!mcp::is_string(member->key, "tools") || !member->value.starts_with('[')) continue;
    std::string kept = "[";
    mcp::RawArray tools{member->value};
    while (const auto tool = tools.next()) {
      const auto name = mcp::string_value(mcp::member(*tool, "name"));
      if (!name || !keep(*name)) continue;
      if (kept.size() > 1) kept += ',';
      kept += *tool;
    }
    const auto at = static_cast<std::size_t>(member->value.data() - text.data());
    out += text.substr(copied, at - copied);
    out += kept + ']';
    copied = at + member->value.size();
  }
  return out += text.substr(copied);
}

}  // namespace mcpctl::relay
