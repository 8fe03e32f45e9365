// mcpctl events: every transition, as it happens.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/fleet_view.h"
#include "cli/outcome.h"
#include "cli/ps_view.h"

namespace mcpctl::cli {
namespace {

class Events final : public Command {
 public:
  std::string_view name() const override { return "events"; }
  std::string_view summary() const override { return "Show transitions as they happen"; }

  void declare(CLI::App& app) override {
    app.add_option("servers", servers_, "Servers; none: all")->type_name("NAME");
    app.add_flag("--json", json_, "An object per line");
    app.add_flag("--past", past_, "What is remembered, and end");
    add_fleet_options(app, choice_);
    app.footer("Example: mcpctl events --json | jq -r 'select(.to == \"failed\") | .server'");
  }

  int run() override {
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto shown = past_ ? show_past(*fleet) : follow(*fleet);
    return shown ? exit_ok : complain(shown.error().message, exit_failed);
  }

 private:
  Result<void> show_past(const FoundFleet& fleet) const {
    const auto answer = call(fleet.socket, "GET", "/api/v1/events?follow=0");
    if (!answer) return std::unexpected{answer.error()};
    const auto transitions = read_transitions(*answer);
    if (!transitions) return std::unexpected{transitions.error()};
    for (const TransitionView& transition : *transitions) show(transition);
    return {};
  }

  Result<void> follow(const FoundFleet& fleet) const {
    auto events = follow_events(fleet.socket);
    if (!events) return std::unexpected{events.error()};
    for (;;) {
      bool timed_out = false;
      const auto event = events->next_event(never, timed_out);
      if (!event) return std::unexpected{event.error()};
      if (!*event) return {};
      if ((*event)->type != "transition") continue;
      const auto transition = read_transition((*event)->data);
      if (!transition) return std::unexpected{transition.error()};
      show(*transition);
    }
  }

  void show(const TransitionView& transition) const {
    const bool is_chosen =
        servers_.empty() || std::ranges::find(servers_, transition.server) != servers_.end();
    if (!is_chosen) return;
    if (json_) {
      print(transition.json + "\n");
      return;
    }
    const bool color = Terminal::of(STDOUT_FILENO).color;
    print(painted(transition.time, Tone::dim, color) + " " + transition.server + ": " +
          transition.from + " -> " + painted(transition.to, tone_of_state(transition.to), color) +
          (transition.pid ? ", pid " + std::to_string(*transition.pid) : "") + ": " +
          safe_line(transition.why) + "\n");
  }

  std::vector<std::string> servers_;
  FleetChoice choice_;
  bool json_{false};
  bool past_{false};
};

}  // namespace

std::unique_ptr<Command> make_events() { return std::make_unique<Events>(); }

}  // namespace mcpctl::cli
