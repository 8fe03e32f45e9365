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
    if (watch_) return watch(*fleet);
    const auto shown = show(*fleet, "");
    return shown ? exit_ok : complain(shown.error().message, exit_failed);
  }

 private:
  Result<void> show(const FoundFleet& fleet, std::string_view before) const {
    const auto answer = call(fleet.socket, "GET", "/api/v1/servers");
    if (!answer) return std::unexpected{answer.error()};
    if (json_) {
      print(*answer);
      return {};
    }
    const auto view = read_fleet(*answer);
    if (!view) return std::unexpected{view.error()};
    print(std::string{before} + render_ps(*view, Terminal::of(STDOUT_FILENO)));
    return {};
  }

  int watch(const FoundFleet& fleet) const {
    auto events = ApiCall::send(fleet.socket, "GET", "/api/v1/events");
    if (!events) return complain(events.error().message, exit_not_running);
    if (const auto begun = events->await_head(in(refresh)); !begun) {
      return complain(begun.error().message, exit_failed);
    }
    const bool redraw = Terminal::of(STDOUT_FILENO).is_terminal && !json_;
    for (;;) {
      bool timed_out = false;
      // A supervisor that ends hangs up in the middle of whatever was asked.
      const bool is_there =
          show(fleet, redraw ? home_and_clear : "") &&
          (events->next_event(in(refresh), timed_out).value_or(std::nullopt) || timed_out);
      if (!is_there) return complain("the fleet has ended", exit_not_running);
    }
  }

  FleetChoice choice_;
  bool json_{false};
  bool watch_{false};
};

}  // namespace

std::unique_ptr<Command> make_ps() { return std::make_unique<Ps>(); }

}  // namespace mcpctl::cli
