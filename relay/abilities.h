// What a client declared that a server may ask of it, and what a server's request
// asks for (MCP, client capabilities).
#pragma once
#include <string_view>

#include "relay/method.h"

namespace mcpctl::relay {

struct Abilities {
  bool sampling{false};
  bool sampling_tools{false};
  bool elicitation_form{false};
  bool elicitation_url{false};
  bool roots{false};

  /// Whether a request of this method with these params (raw, may be empty) is one
  /// that such a client agreed to get.
  bool allow(Method asked, std::string_view params) const;
};

/// `capabilities`: a raw object, or empty.
Abilities abilities_of(std::string_view capabilities);

}  // namespace mcpctl::relay
