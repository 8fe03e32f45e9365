#include "supervisor/transitions.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

namespace mcpctl::supervisor {
namespace {

using enum State;
using T = Trigger;

constexpr std::array transition_table{
    Transition{stopped, T::enabled, waiting},
    Transition{stopped, T::enabled, idle},
    Transition{stopped, T::start_requested, waiting},
    Transition{stopped, T::restart_requested, waiting},

    Transition{idle, T::enabled, waiting},
    Transition{idle, T::demanded, waiting},
    Transition{idle, T::start_requested, waiting},
    Transition{idle, T::restart_requested, waiting},
    Transition{idle, T::stop_requested, stopped},

    Transition{waiting, T::admitted, starting},
    Transition{waiting, T::stop_requested, stopped},
    Transition{waiting, T::unusable, failed},

    Transition{starting, T::readiness_proven, ready},
    Transition{starting, T::spawn_failed, backoff},
    Transition{starting, T::spawn_failed, failed},
    Transition{starting, T::start_timed_out, stopping},
    Transition{starting, T::exited, backoff},
    Transition{starting, T::exited, failed},
    Transition{starting, T::exited, completed},
    Transition{starting, T::exited, stopping},
    Transition{starting, T::stop_requested, stopping},
    Transition{starting, T::restart_requested, stopping},
    Transition{starting, T::kill_requested, stopping},

    Transition{ready, T::health_failing, degraded},
    Transition{ready, T::exited, backoff},
    Transition{ready, T::exited, failed},
    Transition{ready, T::exited, completed},
    Transition{ready, T::exited, stopping},
    Transition{ready, T::stop_requested, draining},
    Transition{ready, T::stop_requested, stopping},
    Transition{ready, T::restart_requested, draining},
    Transition{ready, T::restart_requested, stopping},
    Transition{ready, T::kill_requested, stopping},
    Transition{ready, T::went_idle, stopping},

    Transition{degraded, T::health_recovered, ready},
    Transition{degraded, T::health_lost, stopping},
    Transition{degraded, T::exited, backoff},
    Transition{degraded, T::exited, failed},
    Transition{degraded, T::exited, completed},
    Transition{degraded, T::exited, stopping},
    Transition{degraded, T::stop_requested, draining},
    Transition{degraded, T::stop_requested, stopping},
    Transition{degraded, T::restart_requested, draining},
    Transition{degraded, T::restart_requested, stopping},
    Transition{degraded, T::kill_requested, stopping},

    Transition{draining, T::drained, stopping},
    Transition{draining, T::drain_timed_out, stopping},
    Transition{draining, T::kill_requested, stopping},
    Transition{draining, T::exited, stopping},
    Transition{draining, T::exited, stopped},
    Transition{draining, T::exited, idle},
    Transition{draining, T::exited, waiting},
    Transition{draining, T::exited, backoff},
    Transition{draining, T::exited, failed},

    Transition{stopping, T::gone, stopped},
    Transition{stopping, T::gone, idle},
    Transition{stopping, T::gone, waiting},
    Transition{stopping, T::gone, backoff},
    Transition{stopping, T::gone, failed},
    Transition{stopping, T::gone, completed},
    Transition{stopping, T::survived, failed},

    Transition{backoff, T::backoff_elapsed, waiting},
    Transition{backoff, T::start_requested, waiting},
    Transition{backoff, T::restart_requested, waiting},
    Transition{backoff, T::reset_requested, waiting},
    Transition{backoff, T::stop_requested, stopped},

    Transition{failed, T::retry_elapsed, waiting},
    Transition{failed, T::start_requested, waiting},
    Transition{failed, T::restart_requested, waiting},
    Transition{failed, T::reset_requested, waiting},
    Transition{failed, T::stop_requested, stopped},
    Transition{failed, T::gone, stopped},
    Transition{failed, T::gone, idle},
    Transition{failed, T::gone, waiting},
    Transition{failed, T::gone, backoff},
    Transition{failed, T::gone, failed},
    Transition{failed, T::gone, completed},

    Transition{completed, T::start_requested, waiting},
    Transition{completed, T::restart_requested, waiting},
    Transition{completed, T::stop_requested, stopped},
};

}  // namespace

std::span<const Transition> transitions() { return transition_table; }

bool is_allowed(const Transition& transition) {
  return std::ranges::find(transition_table, transition) != transition_table.end();
}

std::string diagram() {
  std::map<std::pair<State, State>, std::string> arrows;
  for (const Transition& edge : transition_table) {
    std::string& label = arrows[{edge.from, edge.to}];
    if (!label.empty()) label += ", ";
    label += name(edge.trigger);
  }
  std::string text = "stateDiagram-v2\n  [*] --> stopped\n";
  for (const auto& [ends, label] : arrows) {
    text.append("  ").append(name(ends.first)).append(" --> ").append(name(ends.second));
    text.append(" : ").append(label).append("\n");
  }
  return text;
}

}  // namespace mcpctl::supervisor
