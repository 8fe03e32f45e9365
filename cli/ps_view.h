// The table of `mcpctl ps`.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "cli/fleet_view.h"
#include "cli/terminal.h"

namespace mcpctl::cli {

/// The colour in which a state's name is shown everywhere.
Tone tone_of_state(std::string_view state);

/// Under a server that is in trouble stand its last stderr lines.
std::string render_ps(const FleetView& fleet, const Terminal& terminal);

}  // namespace mcpctl::cli
