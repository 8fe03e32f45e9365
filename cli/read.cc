// mcpctl read: the contents of one resource.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/door_client.h"
#include "cli/exit_code.h"
#include "cli/offers.h"
#include "cli/tool_result.h"
#include "config/duration.h"

namespace mcpctl::cli {
namespace {

class Read final : public Command {
 public:
  std::string_view name() const override { return "read"; }
  std::string_view summary() const override { return "Show the contents of a resource"; }

  void declare(CLI::App& app) override {
    app.add_option("uri", uri_, "The resource")->type_name("URI")->required();
    app.add_option("--server", servers_, "Whose it is; none: the first that has it")
        ->type_name("NAME");
    app.add_flag("--json", json_, "The result as the server wrote it");
    app.add_option("--timeout", timeout_, "How long to wait for each server")
        ->type_name("DURATION")
        ->capture_default_str();
    add_fleet_options(app, choice_);
    app.footer("Example: mcpctl read file:///notes/today.md --server notes");
  }

  int run() override {
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto offerers = offerers_of(find_fleet(choice_), servers_);
    if (!offerers) return offerers.error();
    std::string why = "no server offers resources";
    for (const std::string& server : offerers->servers) {
      const auto result = ask({.url = url_of(offerers->door, server),
                               .method = "resources/read",
                               .name = uri_,
                               .params = R"({"uri":)" + json_string(uri_) + '}',
                               .timeout = *timeout});
      if (result) {
        print(json_ ? *result + "\n" : render_resource(*result));
        return exit_ok;
      }
      why = server + ": " + result.error().message;
    }
    return complain(why, exit_failed);
  }

 private:
  std::string uri_;
  std::vector<std::string> servers_;
  std::string timeout_{"30s"};
  bool json_{false};
  FleetChoice choice_;
};

}  // namespace

std::unique_ptr<Command> make_read() { return std::make_unique<Read>(); }

}  // namespace mcpctl::cli
