// mcpctl config: the configuration as it is in force, with every default spelled out.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/file_arguments.h"
#include "config/dump.h"
#include "runtime/config_files.h"

namespace mcpctl::cli {
namespace {

class Config final : public Command {
 public:
  std::string_view name() const override { return "config"; }
  std::string_view summary() const override { return "Show a configuration with every default"; }

  void declare(CLI::App& app) override {
    files_.declare(app);
    app.add_flag("--running", running_, "What the running fleet follows, not the files");
    app.add_option("--fleet", fleet_, "With --running: the fleet of this name")->type_name("NAME");
    app.footer("Secrets are shown as [redacted].\n\nExample: mcpctl config --running");
  }

  int run() override { return running_ || !fleet_.empty() ? show_running() : show_files(); }

 private:
  int show_running() const {
    const auto fleet = find_fleet({files_.all(), fleet_});
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto answer = call(fleet->socket, "GET", "/api/v1/config");
    if (!answer) return complain(answer.error().message, exit_failed);
    print(*answer);
    return exit_ok;
  }

  int show_files() const {
    const auto found = runtime::ConfigFiles::locate(files_.all());
    if (!found) return complain(found.error().message, exit_config);
    const config::Reading reading = found->load();
    if (reading.has_errors()) {
      return complain("the configuration has errors; see mcpctl check", exit_config);
    }
    print(config::to_json(reading.config) + "\n");
    return exit_ok;
  }

  FileArguments files_;
  std::string fleet_;
  bool running_{false};
};

}  // namespace

std::unique_ptr<Command> make_config() { return std::make_unique<Config>(); }

}  // namespace mcpctl::cli
