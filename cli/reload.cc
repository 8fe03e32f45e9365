// mcpctl reload: the changed configuration into force, or what that would do.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace mcpctl::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The mark of a change, as in a diff.
std::string mark_of(const std::string& action) {
  if (action == "add") return "+ ";
  if (action == "remove") return "- ";
  return "~ ";
}

std::string listed(const Json& keys) {
  std::string text;
  for (const Json& key : keys) text += (text.empty() ? "" : ", ") + key.get<std::string>();
  return text;
}

/// What becomes of the door for clients.
std::string gateway_text(const Json& change) {
  std::string text;
  const std::string update = listed(change.value("update", Json::array()));
  if (!update.empty()) text += "~ gateway: update (" + update + ")\n";
  const std::string waiting = listed(change.value("next_start", Json::array()));
  if (!waiting.empty()) text += "~ gateway: waits for the next start (" + waiting + ")\n";
  return text;
}

std::string as_text(const Json& outcome, bool dry_run) {
  std::string text;
  for (const Json& problem : outcome.value("problems", Json::array())) {
    text += problem.value("text", "");
  }
  const Json changes = outcome.value("changes", Json::array());
  for (const Json& change : changes) {
    const std::string action = change.value("action", "");
    text += mark_of(action) + change.value("server", "") + ": " + action;
    const std::string keys = listed(change.value("keys", Json::array()));
    text += keys.empty() ? "" : " (" + keys + ")";
    text += change.value("rolling", false) ? ", rolling\n" : "\n";
  }
  const std::string gateway = gateway_text(outcome.value("gateway", Json::object()));
  text += gateway;
  const bool is_same = changes.empty() && gateway.empty();
  if (is_same) text += "nothing changed\n";
  if (dry_run && !is_same) text += "nothing was done (--dry-run)\n";
  return text;
}

class Reload final : public Command {
 public:
  std::string_view name() const override { return "reload"; }
  std::string_view summary() const override { return "Read the configuration anew, apply changes"; }

  void declare(CLI::App& app) override {
    app.add_flag("--dry-run", dry_run_, "Only tell what would change");
    app.add_flag("--json", json_, "As JSON");
    add_fleet_options(app, choice_);
    app.footer(
        "Servers without a change keep running; one that is restarted rolling serves\n"
        "until its new process is ready.  With errors (status 3) nothing changes.\n\n"
        "Example: mcpctl reload --dry-run");
  }

  int run() override {
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto answer = request(*fleet);
    if (!answer) return complain(answer.error().message, exit_failed);
    const Json outcome = Json::parse(answer->body, nullptr, false);
    const bool refused = answer->status == 422;
    if (!outcome.is_object() || (!refused && answer->status != 200)) {
      return complain(problem_text(answer->status, answer->body), exit_failed);
    }
    if (json_) {
      print(answer->body);
    } else if (refused) {
      for (const Json& problem : outcome.value("problems", Json::array())) {
        print(problem.value("text", ""));
      }
      return complain("not reloaded; the old configuration stays in force", exit_config);
    } else {
      print(as_text(outcome, dry_run_));
    }
    return refused ? exit_config : exit_ok;
  }

 private:
  Result<http::Response> request(const FoundFleet& fleet) const {
    auto call = ApiCall::send(fleet.socket, "POST",
                              dry_run_ ? "/api/v1/reload?dry_run=1" : "/api/v1/reload");
    if (!call) return std::unexpected{call.error()};
    return call->await_whole(in(Duration{30'000}));
  }

  FleetChoice choice_;
  bool dry_run_{false};
  bool json_{false};
};

}  // namespace

std::unique_ptr<Command> make_reload() { return std::make_unique<Reload>(); }

}  // namespace mcpctl::cli
