// What `mcpctl ping` and `mcpctl sessions` print.  Pure.
#pragma once
#include <cstddef>
#include <string>

#include "cli/fleet_view.h"
#include "cli/terminal.h"

namespace mcpctl::cli {

/// "weather  pong in 3.2 ms (2025-11-25, stdio)", with a newline; the name in `width` columns.
std::string render_pong(const PongView& pong, std::size_t width);

std::string render_clients(const ClientsView& clients, const Terminal& terminal);

}  // namespace mcpctl::cli
