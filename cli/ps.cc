// mcpctl ps: how every server fares.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/fleet_view.h"
#include "cli/ps_view.h"

namespace mcpctl::cli {
namespace {

/// Usage changes without an event; once in a while it is read anew.
constexpr Duration refresh{2'000};

constexpr std::string_view home_and_clear = "\x1b[H\x1b[2J";

class Ps final : public Command {
 public:
  std::string_view name() const override { return "ps"; }
  std::string_view summary() const override { return "Show every server's state, and why"; }

  void declare(CLI::App& app) override {
    add_fleet_options(app, choice_);
    app.add_flag("--json", json_, "As JSON");
    app.add_flag("-w,--watch", watch_, "Show it anew at every change");
    app.footer("Example: mcpctl ps --json | jq '.servers[] | select(.state != \"ready\")'");
  }

  int run() override {
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    return watch_ ? watch(*fleet) : show(*fleet, "");
  }

 private:
  int show(const FoundFleet& fleet, std::string_view before) const {
    const auto answer = call(fleet.socket, "GET", "/api/v1/servers");
    if (!answer) return complain(answer.error().message, exit_failed);
    if (json_) {
      print(*answer);
      return exit_ok;
    }
    const auto view = read_fleet(*answer);
    if (!view) return complain(view.error().message, exit_failed);
    print(std::string{before} + render_ps(*view, Terminal::of(STDOUT_FILENO)));
    return exit_ok;
  }

  int watch(const FoundFleet& fleet) const {
    auto events = ApiCall::send(fleet.socket, "GET", "/api/v1/events");
    if (!events) return complain(events.error().message, exit_not_running);
    if (const auto begun = events->await_head(in(refresh)); !begun) {
      return complain(begun.error().message, exit_failed);
    }
    const bool redraw = Terminal::of(STDOUT_FILENO).is_terminal && !json_;
    for (;;) {
      const int shown = show(fleet, redraw ? home_and_clear : "");
      if (shown != exit_ok) return shown;
      bool timed_out = false;
      const auto event = events->next_event(in(refresh), timed_out);
      if (!event) return complain(event.error().message, exit_failed);
      if (!*event && !timed_out) return complain("the fleet has ended", exit_not_running);
    }
  }

  FleetChoice choice_;
  bool json_{false};
  bool watch_{false};
};

}  // namespace

std::unique_ptr<Command> make_ps() { return std::make_unique<Ps>(); }

}  // namespace mcpctl::cli
