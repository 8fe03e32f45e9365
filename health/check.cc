#include "health/check.h"

#include "base/assert.h"

namespace mcpctl::health {

std::string_view name(Check check) {
  switch (check) {
    case Check::handshake: return "handshake";
    case Check::ping: return mcp::name(mcp::Probe::ping);
    case Check::discover: return mcp::name(mcp::Probe::discover);
    case Check::tools_list: return mcp::name(mcp::Probe::tools_list);
    case Check::tcp: return "tcp";
    case Check::http_get: return "http-get";
    case Check::exec: return "exec";
  }
  return "?";
}

mcp::Probe probe_of(Check check) {
  MCPCTL_ASSERT(is_mcp(check));
  switch (check) {
    case Check::ping: return mcp::Probe::ping;
    case Check::discover: return mcp::Probe::discover;
    default: return mcp::Probe::tools_list;
  }
}

}  // namespace mcpctl::health
