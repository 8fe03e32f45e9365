#include "cli/ps_view.h"

#include <algorithm>

#include "cli/quantities.h"
#include "cli/table.h"

namespace mcpctl::cli {
namespace {

constexpr std::size_t lines_of_stderr_in_ps = 3;

bool is_in_trouble(std::string_view state) {
  return state == "failed" || state == "backoff" || state == "degraded";
}

std::string dash_if_empty(std::string text) { return text.empty() ? "-" : text; }

}  // namespace

Tone tone_of_state(std::string_view state) {
  if (state == "ready") return Tone::green;
  if (state == "failed") return Tone::red;
  if (state == "backoff" || state == "degraded") return Tone::yellow;
  if (state == "starting" || state == "waiting") return Tone::cyan;
  if (state == "stopping" || state == "draining") return Tone::magenta;
  return Tone::dim;
}

std::string render_ps(const FleetView& fleet, const Terminal& terminal) {
  Table table{{{"NAME"},
               {"STATE"},
               {"PID", true},
               {"UPTIME", true},
               {"RESTARTS", true, 2},
               {"MEM", true, 3},
               {"CPU", true, 6},
               {"PROTOCOL", false, 5},
               {"TOOLS", true, 4},
               {"WHY"}}};
  for (const ServerView& server : fleet.servers) {
    const bool speaks_mcp = !server.protocol_version.empty();
    table.add({{server.name},
               {server.state, tone_of_state(server.state)},
               {server.pid ? std::to_string(*server.pid) : "-"},
               {server.uptime ? short_age(*server.uptime) : "-"},
               {std::to_string(server.restarts)},
               {server.memory_bytes ? short_bytes(*server.memory_bytes) : "-"},
               {server.cpu ? short_cpu(*server.cpu) : "-"},
               {dash_if_empty(server.protocol_version)},
               {speaks_mcp ? std::to_string(server.tools) : "-"},
               {reason_of(server)}});
    if (!is_in_trouble(server.state)) continue;
    const std::size_t count = server.stderr_tail.size();
    for (std::size_t i = count - std::min(count, lines_of_stderr_in_ps); i < count; ++i) {
      table.add_note("| " + safe_line(server.stderr_tail[i]), Tone::dim);
    }
    for (const std::string& survivor : server.survivors) {
      table.add_note("! still alive: " + survivor, Tone::red);
    }
  }
  std::string text = table.render(terminal);
  if (fleet.config_stale) {
    text += painted("The configuration is stale: the last reload failed (mcpctl reload).\n",
                    Tone::yellow, terminal.color);
  }
  return text;
}

}  // namespace mcpctl::cli
