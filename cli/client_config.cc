// mcpctl client-config: what a host's configuration needs to reach the fleet.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command.h"
#include "cli/door_client.h"
#include "cli/exit_code.h"
#include "cli/offers.h"

namespace mcpctl::cli {
namespace {

using Json = nlohmann::ordered_json;

class ClientConfig final : public Command {
 public:
  std::string_view name() const override { return "client-config"; }
  std::string_view summary() const override { return "Print what a host needs to reach the fleet"; }

  void declare(CLI::App& app) override {
    app.add_option("host", host_, "claude, cursor or vscode")
        ->type_name("HOST")
        ->check(CLI::IsMember({"claude", "cursor", "vscode"}))
        ->capture_default_str();
    app.add_option("--server", servers_, "Only these servers; none: all")->type_name("NAME");
    add_fleet_options(app, choice_);
    app.footer(
        "claude: Claude Desktop, by way of mcpctl connect; cursor and vscode: over HTTP.\n\n"
        "Example: mcpctl client-config vscode > .vscode/mcp.json");
  }

  int run() override {
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto offerers = offerers_of(*fleet);
    if (!offerers) return complain(offerers.error().message, exit_failed);
    const auto servers = offerers->choose(servers_);
    if (!servers) return complain(servers.error().message, exit_failed);
    Json entries = Json::object();
    for (const std::string& server : *servers) {
      entries[server] = entry(*fleet, url_of(offerers->door, server), server);
    }
    const std::string key = host_ == "vscode" ? "servers" : "mcpServers";
    print(Json{{key, std::move(entries)}}.dump(2, ' ', false, Json::error_handler_t::replace) +
          "\n");
    return exit_ok;
  }

 private:
  Json entry(const FoundFleet& fleet, const std::string& url, const std::string& server) const {
    if (host_ == "claude") {
      return {{"command", "mcpctl"}, {"args", {"connect", server, "--fleet", fleet.name}}};
    }
    if (host_ == "vscode") return {{"type", "http"}, {"url", url}};
    return {{"url", url}};
  }

  std::string host_{"claude"};
  std::vector<std::string> servers_;
  FleetChoice choice_;
};

}  // namespace

std::unique_ptr<Command> make_client_config() { return std::make_unique<ClientConfig>(); }

}  // namespace mcpctl::cli
