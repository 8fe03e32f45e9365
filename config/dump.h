// A Config as an mcp.json with every value spelled out: what `GET config` shows.
#pragma once
#include <string>

#include "config/config.h"

namespace mcpctl::config {

/// Effective values in a stable order.  Reading the text again gives the same
/// fleet, unless it is `redacted` (then secrets are shown as "[redacted]").
/// Beside the files' own keys: "files", "disabled" and "unusable".
std::string to_json(const Config& config, bool redacted = true);

}  // namespace mcpctl::config
