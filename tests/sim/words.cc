#include "words.h"

#include <array>

namespace mcpctl::sim {

using namespace supervisor;

std::string words(const Event& event) {
  static constexpr std::array<std::string_view, std::variant_size_v<Event>> names{
      "Enabled",         "StartRequested", "StopRequested",     "RestartRequested", "KillRequested",
      "ResetRequested",  "Demanded",       "DependentsChanged", "Reconfigured",     "Admitted",
      "Spawned",         "SpawnFailed",    "ReadinessProven",   "Progressed",       "HealthFailing",
      "HealthRecovered", "HealthLost",     "TrafficChanged",    "Exited",           "TreeEmptied",
      "DeadlineReached"};
  std::string text{names[event.index()]};
  std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.about; }) text += " #" + std::to_string(e.about.value);
        if constexpr (requires { e.token; }) text += " token " + std::to_string(e.token.value);
        if constexpr (requires { e.in_flight; }) text += " " + std::to_string(e.in_flight);
        if constexpr (requires { e.mends_itself; })
          text += e.mends_itself ? " for now" : " for good";
        if constexpr (requires { e.status; }) text += ": " + describe(e.status);
        if constexpr (requires { e.tree_is_empty; }) {
          if (!e.tree_is_empty) text += ", stragglers left";
        }
      },
      event);
  return text;
}

std::string words(const Action& action) {
  static constexpr std::array<std::string_view, std::variant_size_v<Action>> names{
      "Spawn",      "ProveReadiness", "WatchHealth", "LeaveAlone",     "CloseStdin",
      "SignalTree", "KillTree",       "ArmDeadline", "DisarmDeadline", "Announce"};
  std::string text{names[action.index()]};
  std::visit(
      [&](const auto& a) {
        if constexpr (requires { a.of; }) text += " #" + std::to_string(a.of.value);
        if constexpr (requires { a.as; }) text += " #" + std::to_string(a.as.value);
        if constexpr (requires { a.at; }) {
          text += " token " + std::to_string(a.token.value) + " at " +
                  std::to_string(a.at.since_start.count()) + "ms";
        }
        if constexpr (requires { a.why; }) {
          text.append(" ").append(name(a.from)).append(" -> ").append(name(a.to));
          text.append(" by ").append(name(a.why.trigger)).append(": ");
          text += describe(a.why, a.to);
        }
      },
      action);
  return text;
}

std::string_view words(Call::Kind kind) {
  switch (kind) {
    case Call::Kind::event: return "event";
    case Call::Kind::stale: return "stale event";
    case Call::Kind::enable: return "OPERATOR enable";
    case Call::Kind::start: return "OPERATOR start";
    case Call::Kind::stop: return "OPERATOR stop";
    case Call::Kind::restart: return "OPERATOR restart";
    case Call::Kind::restart_if_wanted: return "restart for a reason of our own";
    case Call::Kind::reset: return "OPERATOR reset";
    case Call::Kind::demand: return "CLIENT demand";
    case Call::Kind::kill: return "OPERATOR kill";
    case Call::Kind::reconfigure: return "RELOAD in place";
    case Call::Kind::reconfigure_restart: return "RELOAD with restart";
    case Call::Kind::remove: return "RELOAD removes it";
    case Call::Kind::set_slots: return "RELOAD changes the start slots";
    case Call::Kind::stop_all: return "STOP ALL";
    case Call::Kind::kill_all: return "KILL ALL";
  }
  return "";
}

}  // namespace mcpctl::sim
