// The file of what lazy servers list: whatever it holds, reading it ends, what was read
// survives being written and read once more, and each value can stand in a message.
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mcp/envelope.h"
#include "relay/known_servers.h"
#include "relay/message.h"
#include "tests/fuzz/target.h"

using namespace mcpctl;
using namespace mcpctl::relay;

namespace {

bool is_message(const std::string& text) {
  return text.find('\n') == std::string::npos && mcp::scan(text).has_value();
}

void run_known_servers(std::string_view input) {
  const auto servers = decode_known_servers(input);
  if (!servers) return;
  for (const auto& [name, server] : *servers) {
    MCPCTL_ASSERT(server.profile.era != mcp::Era::unknown);
    MCPCTL_ASSERT(is_message(result_message("1", discover_result(server.profile))));
    for (const Listing listing : listings) {
      const auto& list = server.lists[static_cast<std::size_t>(listing)];
      if (!list) continue;
      MCPCTL_ASSERT(
          is_message(result_message("1", list_result(listing, *list, mcp::Era::modern, ""))));
    }
  }
  const auto again = decode_known_servers(encode(*servers));
  MCPCTL_ASSERT(again.has_value());
  MCPCTL_ASSERT(encode(*again) == encode(*servers));
}

const fuzz::Target known_servers_target{'k', run_known_servers};

}  // namespace
