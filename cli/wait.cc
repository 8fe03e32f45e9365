// mcpctl wait: until servers have come so far.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/outcome.h"
#include "config/duration.h"

namespace mcpctl::cli {
namespace {

/// For the door of a fleet that was started just before us.
constexpr Duration door_patience{2'000};

/// No event tells of a door that is not there yet.
Result<FoundFleet> find_coming_fleet(const FleetChoice& choice, Duration patience) {
  const Deadline deadline = in(std::min(patience, door_patience));
  for (;;) {
    auto fleet = find_fleet(choice);
    if (fleet || std::chrono::steady_clock::now() >= deadline) return fleet;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

const std::map<std::string, Destination> destinations{{"ready", Destination::ready},
                                                      {"stopped", Destination::stopped},
                                                      {"completed", Destination::completed},
                                                      {"failed", Destination::failed}};

class Wait final : public Command {
 public:
  std::string_view name() const override { return "wait"; }
  std::string_view summary() const override { return "Wait until servers are ready, or stopped"; }

  void declare(CLI::App& app) override {
    app.add_option("servers", servers_, "Servers; none: all that are required")->type_name("NAME");
    app.add_option("--for", what_, "ready, stopped, completed or failed")
        ->type_name("STATE")
        ->check(CLI::IsMember({"ready", "stopped", "completed", "failed"}))
        ->capture_default_str();
    app.add_option("--timeout", timeout_, "Give up after so long")
        ->type_name("DURATION")
        ->capture_default_str();
    add_fleet_options(app, choice_);
    app.footer(
        "\"ready\" also takes idle (started by the first request) and completed servers,\n"
        "waits through restarts, and ends at once with status 1 when a server has failed.\n"
        "A fleet that was started just before is waited for, too.\n\n"
        "Example: mcpctl wait --for ready --timeout 30s");
  }

  int run() override {
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto fleet = find_coming_fleet(choice_, *timeout);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    auto events = follow_events(fleet->socket);
    if (!events) return complain(events.error().message, exit_failed);
    if (const std::string wrong = unknown_name(*fleet); !wrong.empty()) {
      return complain(wrong, exit_failed);
    }
    const Journey journey{servers_, destinations.at(what_), {}, true};
    const auto arrival = await(fleet->socket, *events, journey, in(*timeout));
    if (!arrival) return complain(arrival.error().message, exit_failed);
    if (arrival->ok()) return exit_ok;
    const std::string text = explain(*arrival, "wait");
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    return exit_failed;
  }

 private:
  std::string unknown_name(const FoundFleet& fleet) const {
    const auto answer = call(fleet.socket, "GET", "/api/v1/servers?usage=0");
    if (!answer) return answer.error().message;
    const auto view = read_fleet(*answer);
    if (!view) return view.error().message;
    return view->unknown_name(servers_);
  }

  std::vector<std::string> servers_;
  FleetChoice choice_;
  std::string what_{"ready"};
  std::string timeout_{"1m"};
};

}  // namespace

std::unique_ptr<Command> make_wait() { return std::make_unique<Wait>(); }

}  // namespace mcpctl::cli
