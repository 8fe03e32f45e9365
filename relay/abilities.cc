#include "relay/abilities.h"

#include "mcp/raw.h"

namespace mcpctl::relay {

Abilities abilities_of(std::string_view capabilities) {
  Abilities can;
  mcp::RawObject members{capabilities};
  while (const auto found = members.next()) {
    const std::string_view value = found->value;
    if (!value.starts_with('{')) continue;
    if (mcp::is_string(found->key, "roots")) can.roots = true;
    if (mcp::is_string(found->key, "sampling")) {
      can.sampling = true;
      can.sampling_tools = !mcp::member(value, "tools").empty();
    }
    if (mcp::is_string(found->key, "elicitation")) {
      can.elicitation_url = !mcp::member(value, "url").empty();
      // An empty object means forms: what elicitation was before it had modes.
      can.elicitation_form = !mcp::member(value, "form").empty() || !can.elicitation_url;
    }
  }
  return can;
}

bool Abilities::allow(Method asked, std::string_view params) const {
  switch (asked) {
    case Method::sampling:
      return sampling && (sampling_tools || mcp::member(params, "tools").empty());
    case Method::elicitation:
      return mcp::is_string(mcp::member(params, "mode"), "url") ? elicitation_url
                                                                : elicitation_form;
    case Method::roots: return roots;
    default: return false;
  }
}

}  // namespace mcpctl::relay
