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
    app.add_flag("--up", up_, "claude: also start the fleet where it does not run");
    add_fleet_options(app, choice_);
    app.footer(
        "claude: Claude Desktop, by way of mcpctl connect; cursor and vscode: over HTTP.\n\n"
        "Example: mcpctl client-config vscode > .vscode/mcp.json");
  }

  int run() override {
    const auto offerers = offerers_of(find_fleet(choice_), servers_);
    if (!offerers) return offerers.error();
    if (up_ && host_ != "claude") {
      return complain("--up is for claude, which runs mcpctl; the others only know an address",
                      exit_usage);
    }
    const Json way = up_ ? way_of_starting(offerers->fleet) : Json{"--fleet", offerers->fleet};
    Json entries = Json::object();
    for (const std::string& server : offerers->servers) {
      entries[server] = entry(way, url_of(offerers->door, server), server);
    }
    const std::string key = host_ == "vscode" ? "servers" : "mcpServers";
    print(Json{{key, std::move(entries)}}.dump(2, ' ', false, Json::error_handler_t::replace) +
          "\n");
    return exit_ok;
  }

 private:
  /// A host starts connect in no folder of the fleet's: every file by its path.
  static Json way_of_starting(const std::string& name) {
    Json words{"--up"};
    for (const FleetIdentity& fleet : running_fleets().value_or(std::vector<FleetIdentity>{})) {
      if (fleet.name != name) continue;
      for (const std::string& file : fleet.files) {
        words.push_back("-c");
        words.push_back(file);
      }
    }
    return words;
  }

  Json entry(const Json& way, const std::string& url, const std::string& server) const {
    if (host_ == "claude") {
      Json arguments{"connect", server};
      arguments.insert(arguments.end(), way.begin(), way.end());
      return {{"command", "mcpctl"}, {"args", std::move(arguments)}};
    }
    if (host_ == "vscode") return {{"type", "http"}, {"url", url}};
    return {{"url", url}};
  }

  std::string host_{"claude"};
  std::vector<std::string> servers_;
  bool up_{false};
  FleetChoice choice_;
};

}  // namespace

std::unique_ptr<Command> make_client_config() { return std::make_unique<ClientConfig>(); }

}  // namespace mcpctl::cli
