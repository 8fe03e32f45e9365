// The ways to ask a server whether it is there: the vocabulary that readiness and
// liveness share.  Pure; the shell performs a check and reports how it ended.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "config/config.h"
#include "mcp/client.h"

namespace mcpctl::health {

enum class Check : unsigned char {
  handshake,   ///< a whole new MCP handshake (readiness over HTTP)
  ping,        ///< mcp::Probe::ping
  discover,    ///< mcp::Probe::discover
  tools_list,  ///< mcp::Probe::tools_list
  tcp,         ///< a connection is accepted
  http_get,    ///< answered 200–399
  exec,        ///< the command exits 0
};
std::string_view name(Check check);

constexpr bool is_mcp(Check check) {
  return check == Check::ping || check == Check::discover || check == Check::tools_list;
}

/// The probe that performs `check`, which must be one of MCP.
mcp::Probe probe_of(Check check);

/// Names one check, so that the late end of an abandoned one finds nobody.
struct CheckId {
  std::uint32_t value{0};
  friend constexpr auto operator<=>(const CheckId&, const CheckId&) = default;
};

/// A check must report within its timeout; should the shell ever fail to, this much
/// later both machines go on without it.
inline constexpr Duration report_slack{1'000};

// Actions of both machines.

/// Begin `check`; report its end, success or failure, within `timeout` in total
/// (not per byte).  Never asked for while another one runs.
struct BeginCheck {
  CheckId id;
  Check check{Check::ping};
  Duration timeout{0};
};
/// End the running check without a report: kill its processes, close its socket.
struct AbandonCheck {
  CheckId id;
};
/// Replaces whatever deadline this machine had armed.
struct ArmDeadline {
  DeadlineToken token;
  Instant at;
};
struct DisarmDeadline {};

/// Event of both machines: the deadline armed with that token has come.
struct DeadlineReached {
  DeadlineToken token;
};

}  // namespace mcpctl::health
