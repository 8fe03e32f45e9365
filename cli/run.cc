// mcpctl run: the supervisor in the foreground, under its warden (main.cc).
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/file_arguments.h"
#include "cli/supervise.h"

namespace mcpctl::cli {
namespace {

class Run final : public Command {
 public:
  std::string_view name() const override { return "run"; }
  std::string_view summary() const override { return "Run a fleet in the foreground"; }

  void declare(CLI::App& app) override {
    files_.declare(app);
    app.add_option("--only", options_.only, "These servers and what they depend on")
        ->type_name("NAME,...")
        ->allow_extra_args(false)
        ->delimiter(',');
    app.add_flag("-w,--watch", options_.watch, "Restart servers, and reload, when files change");
    app.add_option("--exit-on", options_.exit_on, "End on main[=NAME], any-failed or all-done")
        ->type_name("RULE,...")
        ->allow_extra_args(false)
        ->delimiter(',');
    app.add_option("--log-format", format_, "text, or json: an object per line")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("FORMAT");
    app.add_flag("--no-color", options_.no_color, "No colours on a terminal");
    app.add_option("--listen", options_.gateway_listen, "Where the gateway listens for MCP clients")
        ->type_name("HOST:PORT|off");
    app.add_option("--health-listen", options_.probes_listen,
                   "Answer /livez, /readyz and /metrics on TCP, too")
        ->type_name("HOST:PORT");
    app.footer(
        "Without FILE: mcp.json, .mcp.json, .vscode/mcp.json, ~/.config/mcpctl/mcp.json.\n"
        "Ctrl-C or SIGTERM stops the fleet, a second one kills it; SIGHUP reloads.\n\n"
        "Example: mcpctl run mcp.json --only weather,github\n"
        "Example: mcpctl run jobs.json --exit-on any-failed,all-done");
  }

  int run() override {
    options_.files = files_.all();
    options_.style = format_ == "json" ? LogStyle::json : LogStyle::text;
    return supervise(options_);
  }

 private:
  FileArguments files_;
  SuperviseOptions options_;
  std::string format_{"text"};
};

}  // namespace

std::unique_ptr<Command> make_run() { return std::make_unique<Run>(); }

}  // namespace mcpctl::cli
