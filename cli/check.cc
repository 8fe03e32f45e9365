// mcpctl check: everything that is wrong with the configuration, without running it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/file_arguments.h"
#include "cli/quantities.h"
#include "cli/terminal.h"
#include "control/json.h"
#include "runtime/config_files.h"

namespace mcpctl::cli {
namespace {

using Severity = config::Problem::Severity;

class CheckCommand final : public Command {
 public:
  std::string_view name() const override { return "check"; }
  std::string_view summary() const override { return "Show every problem of a configuration"; }

  void declare(CLI::App& app) override {
    files_.declare(app);
    app.add_flag("--json", json_, "As JSON");
    app.add_flag("--strict", strict_, "Warnings fail, too");
    app.footer(
        "Exit status 3 when there are errors.  A server that lacks an environment\n"
        "variable is a warning: the others can run.\n\nExample: mcpctl check mcp.json");
  }

  int run() override {
    const auto found = runtime::ConfigFiles::locate(files_.all());
    if (!found) return complain(found.error().message, exit_config);
    const config::Reading reading = found->load();
    const auto errors =
        std::ranges::count(reading.problems, Severity::error, &config::Problem::severity);
    const auto warnings = std::ssize(reading.problems) - errors;
    print(json_ ? as_json(reading) : as_text(reading, *found, errors, warnings));
    return errors > 0 || (strict_ && warnings > 0) ? exit_config : exit_ok;
  }

 private:
  static std::string as_json(const config::Reading& reading) {
    std::vector<std::string> problems;
    for (const config::Problem& problem : reading.problems) {
      problems.push_back(control::to_json(problem));
    }
    return std::string{"{\"valid\":"} + (reading.has_errors() ? "false" : "true") +
           ",\"fleet\":" + control::quoted(reading.config.name) +
           ",\"servers\":" + std::to_string(reading.config.servers.size()) +
           ",\"problems\":" + control::array_of(problems) + "}\n";
  }

  static std::string as_text(const config::Reading& reading, const runtime::ConfigFiles& files,
                             std::ptrdiff_t errors, std::ptrdiff_t warnings) {
    const Terminal terminal = Terminal::of(STDOUT_FILENO);
    std::string text;
    for (const config::Problem& problem : reading.problems) {
      text += config::render(problem, terminal.color);
    }
    if (!reading.problems.empty()) text += "\n";
    text += files.paths().front();
    if (files.paths().size() > 1) {
      text += " and " + std::to_string(files.paths().size() - 1) + " more";
    }
    text += ": ";
    if (errors > 0) text += counted(errors, "error");
    if (errors > 0 && warnings > 0) text += ", ";
    if (warnings > 0) text += counted(warnings, "warning");
    if (errors == 0) {
      text += std::string{warnings > 0 ? "; " : ""} + "ok, " +
              counted(std::ssize(reading.config.servers), "server") + ", fleet " +
              reading.config.name;
    }
    return text + "\n";
  }

  FileArguments files_;
  bool json_{false};
  bool strict_{false};
};

}  // namespace

std::unique_ptr<Command> make_check() { return std::make_unique<CheckCommand>(); }

}  // namespace mcpctl::cli
