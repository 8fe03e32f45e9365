// mcpctl sessions: the clients that have a session at the clients' door.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/api_client.h"
#include "cli/clients_view.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/fleet_view.h"

namespace mcpctl::cli {
namespace {

class Sessions final : public Command {
 public:
  std::string_view name() const override { return "sessions"; }
  std::string_view summary() const override { return "List the sessions of MCP clients"; }

  void declare(CLI::App& app) override {
    add_fleet_options(app, choice_);
    app.add_flag("--json", json_, "As JSON");
    app.footer(
        "The one used last comes first.  Clients of 2026-07-28 have no sessions: what\n"
        "they have under way is counted below.\n\n"
        "Example: mcpctl sessions --json | jq '.sessions[] | select(.in_flight > 0)'");
  }

  int run() override {
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto answer = call(fleet->socket, "GET", "/api/v1/sessions");
    if (!answer) return complain(answer.error().message, exit_failed);
    const auto clients = read_clients(*answer);
    if (!clients) return complain(clients.error().message, exit_failed);
    if (clients->gateway.empty()) {
      return complain("fleet " + fleet->name + " has no door for MCP clients", exit_failed);
    }
    print(json_ ? *answer : render_clients(*clients, Terminal::of(STDOUT_FILENO)));
    return exit_ok;
  }

 private:
  FleetChoice choice_;
  bool json_{false};
};

}  // namespace

std::unique_ptr<Command> make_sessions() { return std::make_unique<Sessions>(); }

}  // namespace mcpctl::cli
