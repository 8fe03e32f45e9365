// mcpctl start, stop, restart, reset and kill: give the command, wait for its outcome.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/outcome.h"
#include "config/duration.h"
#include "control/parameters.h"

namespace mcpctl::cli {
namespace {

struct Verb {
  std::string_view name;
  std::string_view summary;
  Destination destination;
  bool all_by_default;  ///< without names it means every server, as in docker compose
  std::string_view note;
  std::string_view default_timeout;
};

constexpr Verb verbs[] = {
    {"start", "Start servers", Destination::ready, true,
     "Waits until they are ready; the first failed start ends the wait.", "5m"},
    {"stop", "Stop servers; they stay stopped", Destination::stopped, true,
     "Waits until no process of theirs is left.", "2m"},
    {"restart", "Stop and start servers", Destination::restarted, true,
     "Waits until new processes are ready.", "5m"},
    {"reset", "Forget a server's failures and start it anew", Destination::ready, false,
     "For servers in failed or backoff.  Waits until they are ready.", "5m"},
    {"kill", "Kill servers (SIGKILL); the restart policy decides", Destination::killed, false,
     "Waits until the processes are gone.", "30s"},
};

const Verb& verb_named(std::string_view name) {
  for (const Verb& verb : verbs) {
    if (verb.name == name) return verb;
  }
  std::abort();
}

class Control final : public Command {
 public:
  explicit Control(std::string_view verb)
      : verb_(verb_named(verb)), timeout_(verb_.default_timeout) {}
  std::string_view name() const override { return verb_.name; }
  std::string_view summary() const override { return verb_.summary; }

  void declare(CLI::App& app) override {
    app.add_option("servers", servers_, verb_.all_by_default ? "Servers; none: all" : "Servers")
        ->type_name("NAME");
    if (!verb_.all_by_default) app.add_flag("--all", all_, "Every server");
    if (verb_.destination == Destination::restarted) {
      app.add_flag("--rolling", rolling_, "Start the new process before the old one stops");
    }
    app.add_flag("--no-wait", no_wait_, "Return as soon as the command is accepted");
    app.add_option("--timeout", timeout_, "How long to wait for the outcome")
        ->type_name("DURATION")
        ->capture_default_str();
    app.add_flag("--json", json_, "What was accepted, as JSON");
    add_fleet_options(app, choice_);
    app.footer(std::string{verb_.note} + "\n\nExample: mcpctl " + std::string{verb_.name} +
               " weather github");
  }

  int run() override {
    if (servers_.empty() && !all_ && !verb_.all_by_default) {
      return complain(std::string{verb_.name} + ": name servers, or say --all", exit_usage);
    }
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto done = give(*fleet, *timeout);
    return done ? *done : complain(done.error().message, exit_failed);
  }

 private:
  std::string target() const {
    std::string query;
    for (const std::string& server : servers_) {
      query += (query.empty() ? "?server=" : "&server=") + control::percent_encoded(server);
    }
    if (query.empty()) query = "?all=1";
    return "/api/v1/" + std::string{verb_.name} + query + (rolling_ ? "&rolling=1" : "");
  }

  Result<int> give(const FoundFleet& fleet, Duration timeout) const {
    // The events first, then the picture before, then the command: nothing is missed.
    auto events = follow_events(fleet.socket);
    if (!events) return std::unexpected{events.error()};
    const auto before = call(fleet.socket, "GET", "/api/v1/servers?usage=0");
    if (!before) return std::unexpected{before.error()};
    const auto view = read_fleet(*before);
    if (!view) return std::unexpected{view.error()};
    const auto accepted = call(fleet.socket, "POST", target());
    if (!accepted) return std::unexpected{accepted.error()};
    if (json_) print(*accepted);
    const std::vector<Refusal> refusals = read_refusals(*accepted);
    for (const Refusal& refusal : refusals) complain(refusal.why, exit_failed);
    const int outcome = refusals.empty() ? exit_ok : exit_failed;
    if (no_wait_) return outcome;

    Journey journey{servers_, verb_.destination, {}, false};
    for (const ServerView& server : view->servers) {
      journey.before[server.name] = server.incarnation;
      if (servers_.empty()) journey.servers.push_back(server.name);
    }
    for (const Refusal& refusal : refusals) std::erase(journey.servers, refusal.server);
    const auto arrival = await(fleet.socket, *events, journey, in(timeout));
    if (!arrival) return std::unexpected{arrival.error()};
    if (arrival->ok()) return outcome;
    const std::string text = explain(*arrival, verb_.name);
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    return exit_failed;
  }

  const Verb& verb_;
  std::vector<std::string> servers_;
  FleetChoice choice_;
  std::string timeout_;
  bool all_{false};
  bool rolling_{false};
  bool no_wait_{false};
  bool json_{false};
};

}  // namespace

std::unique_ptr<Command> make_control(std::string_view verb) {
  return std::make_unique<Control>(verb);
}

}  // namespace mcpctl::cli
