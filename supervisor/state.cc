#include "supervisor/state.h"

#include <cstdlib>

namespace mcpctl::supervisor {

std::string_view name(State state) {
  switch (state) {
    case State::stopped: return "stopped";
    case State::idle: return "idle";
    case State::waiting: return "waiting";
    case State::starting: return "starting";
    case State::ready: return "ready";
    case State::degraded: return "degraded";
    case State::draining: return "draining";
    case State::stopping: return "stopping";
    case State::backoff: return "backoff";
    case State::failed: return "failed";
    case State::completed: return "completed";
  }
  std::abort();
}

std::string_view name(Goal goal) { return goal == Goal::up ? "up" : "down"; }

}  // namespace mcpctl::supervisor
