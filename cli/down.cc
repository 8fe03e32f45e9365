// mcpctl down: the end of a fleet and of its supervisor.
#include <CLI/CLI.hpp>
#include <string>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/outcome.h"
#include "config/duration.h"

namespace mcpctl::cli {
namespace {

class Down final : public Command {
 public:
  std::string_view name() const override { return "down"; }
  std::string_view summary() const override { return "Stop a fleet and its supervisor"; }

  void declare(CLI::App& app) override {
    app.add_option("--timeout", timeout_, "How long to wait for the end")
        ->type_name("DURATION")
        ->capture_default_str();
    app.add_flag("--no-wait", no_wait_, "Return as soon as the end has begun");
    add_fleet_options(app, choice_);
    app.footer("Also ends a fleet in the foreground (mcpctl run).\n\nExample: mcpctl down");
  }

  int run() override {
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    auto events = follow_events(fleet->socket);
    if (!events) return complain(events.error().message, exit_failed);
    const auto begun = call(fleet->socket, "POST", "/api/v1/shutdown");
    if (!begun) return complain(begun.error().message, exit_failed);
    if (no_wait_) return exit_ok;
    // The stream of events ends with the supervisor, when no process is left.
    for (const Deadline deadline = in(*timeout);;) {
      bool timed_out = false;
      const auto event = events->next_event(deadline, timed_out);
      if (!event || (!*event && !timed_out)) return exit_ok;
      if (timed_out) {
        return complain("fleet " + fleet->name + " is still stopping; see mcpctl ps", exit_failed);
      }
    }
  }

 private:
  FleetChoice choice_;
  std::string timeout_{"1m"};
  bool no_wait_{false};
};

}  // namespace

std::unique_ptr<Command> make_down() { return std::make_unique<Down>(); }

}  // namespace mcpctl::cli
