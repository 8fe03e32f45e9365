// mcpctl version: this program, and the supervisors that run.
#include <CLI/CLI.hpp>
#include <string>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "control/json.h"
#include "control/version.h"

namespace mcpctl::cli {
namespace {

class Version final : public Command {
 public:
  std::string_view name() const override { return "version"; }
  std::string_view summary() const override { return "Show versions, also of running fleets"; }

  void declare(CLI::App& app) override {
    app.add_flag("--json", json_, "As JSON");
    app.footer("Example: mcpctl version");
  }

  int run() override {
    const auto fleets = running_fleets();
    std::string text = json_ ? "{\"version\":" + control::quoted(control::version()) +
                                   ",\"compiler\":" + control::quoted(control::compiler()) +
                                   ",\"fleets\":["
                             : "mcpctl " + std::string{control::version()} + " (" +
                                   std::string{control::compiler()} + ")\n";
    bool is_first = true;
    if (fleets) {
      for (const FleetIdentity& fleet : *fleets) {
        text += json_ ? as_json(fleet, is_first) : as_text(fleet);
        is_first = false;
      }
    }
    print(json_ ? text + "]}\n" : text);
    return exit_ok;
  }

 private:
  static std::string as_json(const FleetIdentity& fleet, bool is_first) {
    return std::string{is_first ? "" : ","} + "{\"fleet\":" + control::quoted(fleet.name) +
           ",\"version\":" + control::quoted(fleet.version) +
           ",\"pid\":" + std::to_string(fleet.pid) +
           ",\"socket\":" + control::quoted(fleet.socket) + "}";
  }
  static std::string as_text(const FleetIdentity& fleet) {
    return "fleet " + fleet.name + ": " + fleet.version + ", pid " + std::to_string(fleet.pid) +
           ", " + fleet.socket + "\n";
  }

  bool json_{false};
};

}  // namespace

std::unique_ptr<Command> make_version() { return std::make_unique<Version>(); }

}  // namespace mcpctl::cli
