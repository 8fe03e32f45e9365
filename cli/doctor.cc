// mcpctl doctor: will this fleet run on this machine, and if not, what to do.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>

#include "cli/command.h"
#include "cli/examination.h"
#include "cli/exit_code.h"
#include "cli/file_arguments.h"
#include "cli/terminal.h"
#include "runtime/config_files.h"
#include "runtime/runtime_dir.h"

namespace mcpctl::cli {
namespace {

class Doctor final : public Command {
 public:
  std::string_view name() const override { return "doctor"; }
  std::string_view summary() const override { return "Say whether a fleet can run here"; }

  void declare(CLI::App& app) override {
    files_.declare(app);
    app.add_flag("--json", json_, "As JSON");
    app.footer(
        "Looks at programs, folders, node and npx, ports, disks, kernel and limits, and\n"
        "says what to do.  Exit status 1 when there is a problem; warnings are none.\n\n"
        "Example: mcpctl doctor mcp.json");
  }

  int run() override {
    Subject subject;
    if (const auto found = runtime::ConfigFiles::locate(files_.all())) {
      subject.files = found->paths();
      subject.reading = found->load();
    } else {
      subject.no_config = found.error().message;
    }
    if (const auto directory = runtime::RuntimeDir::open()) {
      subject.is_running =
          directory->presence_of(subject.reading.config.name) == runtime::Presence::running;
    }
    const std::vector<Finding> findings = examine(subject);
    print(json_ ? to_json(findings) : render(findings, Terminal::of(STDOUT_FILENO).color));
    return has_problem(findings) ? exit_failed : exit_ok;
  }

 private:
  FileArguments files_;
  bool json_{false};
};

}  // namespace

std::unique_ptr<Command> make_doctor() { return std::make_unique<Doctor>(); }

}  // namespace mcpctl::cli
