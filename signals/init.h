// `mcpctl init -- CMD…`: PID 1 for one command, a drop-in for tini and dumb-init.
// Forwards every signal, reaps zombies, passes the exit code on, and leaves nothing
// behind.  Not a supervisor: the command is started once.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "base/ids.h"

namespace mcpctl::signals {

/// What each signal becomes when it is forwarded; 0 drops it.
using SignalMap = std::array<int, 65>;

/// Every signal becomes itself.
constexpr SignalMap unchanged_signals() {
  SignalMap map{};
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<int>(i);
  return map;
}

struct InitOptions {
  SignalMap rewrite = unchanged_signals();
  bool signal_group{false};  ///< forward to the command's whole process group
  Duration grace{5'000};     ///< for adopted processes, from TERM to KILL
};

/// Runs `argv` (searched in PATH) as a child in a process group of its own, which
/// gets the terminal if we have it, and waits for its end.  Then every remaining
/// descendant gets TERM, and KILL after the grace period.  Returns the command's
/// exit code, 128+N if signal N killed it, 127 if it does not exist, 126 if it
/// cannot be run.  Exit with it: signals stay blocked.  Makes itself a subreaper
/// unless it is PID 1.  Never polls.
int run_init(const InitOptions& options, const std::vector<std::string>& argv);

}  // namespace mcpctl::signals
