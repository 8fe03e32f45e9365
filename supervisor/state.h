// The words users see everywhere (command line, API, metrics, logs) for what a
// server is and what is wanted of it.
#pragma once
#include <array>
#include <string_view>

namespace mcpctl::supervisor {

enum class State {
  stopped,    ///< no process, and none wanted
  idle,       ///< no process; started by the first request (lazy)
  waiting,    ///< wanted; waits for a dependency or a start slot
  starting,   ///< process exists, readiness not yet proven
  ready,      ///< readiness proven; traffic may flow
  degraded,   ///< process lives, health probe failing beyond its threshold
  draining,   ///< no new traffic; requests in flight finish
  stopping,   ///< on the stop ladder (stdin, TERM, KILL, verify)
  backoff,    ///< gone unexpectedly; restarts at a known time
  failed,     ///< gave up fast retries; says why
  completed,  ///< exited as it was meant to
};

inline constexpr std::array all_states{State::stopped,  State::idle,     State::waiting,
                                       State::starting, State::ready,    State::degraded,
                                       State::draining, State::stopping, State::backoff,
                                       State::failed,   State::completed};

/// What the operator or the configuration wants, independent of what is.  The
/// last intent wins.
enum class Goal { down, up };

/// Lower-case, stable: scripts depend on these names.
std::string_view name(State state);
std::string_view name(Goal goal);

}  // namespace mcpctl::supervisor
