// mcpctl up: a fleet in the background.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/background.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/file_arguments.h"
#include "cli/outcome.h"
#include "config/duration.h"
#include "runtime/config_files.h"

namespace mcpctl::cli {
namespace {

class Up final : public Command {
 public:
  std::string_view name() const override { return "up"; }
  std::string_view summary() const override { return "Run a fleet in the background"; }

  void declare(CLI::App& app) override {
    files_.declare(app);
    app.add_flag("-d,--detach", detach_, "Understood for compatibility: up always detaches");
    app.add_flag("--no-wait", no_wait_, "Return when the supervisor answers");
    app.add_option("--timeout", timeout_, "How long to wait for all servers to be ready")
        ->type_name("DURATION")
        ->capture_default_str();
    app.footer(
        "Waits until every required server is ready.  A running fleet is reloaded; a\n"
        "new process that does not become ready is status 1, and the old one serves on.\n\n"
        "Example: mcpctl up mcp.json && mcpctl ps");
  }

  int run() override {
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto found = runtime::ConfigFiles::locate(files_.all());
    if (!found) return complain(found.error().message, exit_config);
    const config::Reading reading = found->load();
    if (reading.has_errors()) {
      for (const config::Problem& problem : reading.problems) print(config::render(problem));
      return complain("the configuration has errors; nothing was started", exit_config);
    }
    const auto fleet = Background::fleet(reading.config.name);
    if (!fleet) return complain(fleet.error().message, exit_failed);
    const std::string& socket = fleet->socket();

    const auto begun =
        fleet->answers() ? reload(socket) : start(*fleet, reading.config.name, found->paths());
    if (!begun) return complain(begun.error().message, exit_failed);
    if (no_wait_) return exit_ok;
    const Deadline deadline = in(*timeout);
    for (const Destination next : {Destination::replaced, Destination::ready}) {
      const int outcome = await_all(socket, {{}, next, {}, true}, deadline);
      if (outcome != exit_ok) return outcome;
    }
    return exit_ok;
  }

 private:
  static Result<void> reload(const std::string& socket) {
    const auto done = call(socket, "POST", "/api/v1/reload", Duration{30'000});
    if (!done) return std::unexpected{done.error()};
    return {};
  }

  static Result<void> start(const Background& fleet, const std::string& name,
                            const std::vector<std::string>& files) {
    const auto child = fleet.start(files);
    if (!child) return std::unexpected{child.error()};
    print("fleet " + name + " runs as process " + std::to_string(*child) +
          "; its log: " + fleet.log() + "\n");
    return {};
  }

  static int await_all(const std::string& socket, const Journey& journey, Deadline deadline) {
    auto events = follow_events(socket);
    if (!events) return complain(events.error().message, exit_failed);
    const auto arrival = await(socket, *events, journey, deadline);
    if (!arrival) return complain(arrival.error().message, exit_failed);
    if (arrival->ok()) return exit_ok;
    const std::string text = explain(*arrival, "up");
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    return exit_failed;
  }

  FileArguments files_;
  std::string timeout_{"5m"};
  bool detach_{false};
  bool no_wait_{false};
};

}  // namespace

std::unique_ptr<Command> make_up() { return std::make_unique<Up>(); }

}  // namespace mcpctl::cli
