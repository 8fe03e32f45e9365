// When a fleet ends by itself, and with which exit status: for containers and jobs
// whose life is that of their servers.  Pure: states in, verdict out.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "supervisor/exit_status.h"
#include "supervisor/state.h"

namespace mcpctl::supervisor {

/// Several may hold; the first that applies, in this order, decides.
struct ExitRule {
  /// This server is done: the fleet ends as it did.  Empty: no such server.
  std::string main{};
  /// A server has failed: the fleet ends with 1.
  bool any_failed{false};
  /// No server runs and none will: 0, or 1 if one failed or still waits in vain.
  bool all_done{false};

  bool ends_anything() const { return !main.empty() || any_failed || all_done; }
  friend bool operator==(const ExitRule&, const ExitRule&) = default;
};

/// One server, as the rule sees it.
struct Fate {
  std::string_view name;
  State state{State::stopped};
  /// Optional servers count for nothing, unless they are the main one.
  bool is_required{true};
  /// How its process ended, if that is what brought it into `state`.
  std::optional<ExitStatus> exit;
  /// What a shell would have exited with, 127 or 126, if its program could not be started.
  int shell_code{0};
};

struct Verdict {
  int exit_code{0};
  std::string reason;  ///< a clause: "web failed"
};

/// Nothing: the fleet goes on.  A server is done when it is completed, failed or
/// stopped; a restart is never waited for once a server has failed.
std::optional<Verdict> judge(const ExitRule& rule, std::span<const Fate> fleet);

}  // namespace mcpctl::supervisor
