// mcpctl ping: asks servers over their protocol whether they answer.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/api_client.h"
#include "cli/clients_view.h"
#include "cli/command.h"
#include "cli/door_client.h"
#include "cli/exit_code.h"
#include "cli/fleet_view.h"
#include "config/duration.h"
#include "control/parameters.h"

namespace mcpctl::cli {
namespace {

/// A silent server must not keep the others waiting, nor a thousand take a thousand
/// connections.
constexpr std::size_t asked_at_once = 32;
/// For the supervisor's own answer, after the server's time is over.
constexpr Duration grace{5'000};

/// Without names: whoever has a process that can be asked.
bool may_answer(const ServerView& server) {
  const std::string& state = server.state;
  return server.kind != "process" && (state == "ready" || state == "degraded");
}

class PingServers final : public Command {
 public:
  std::string_view name() const override { return "ping"; }
  std::string_view summary() const override { return "Ask servers whether they answer"; }

  void declare(CLI::App& app) override {
    app.add_option("servers", servers_, "Servers; none: all that are ready or degraded")
        ->type_name("NAME");
    app.add_option("--timeout", timeout_, "How long to wait for the answer")
        ->type_name("DURATION")
        ->capture_default_str();
    app.add_flag("--json", json_, "An object per line");
    add_fleet_options(app, choice_);
    app.footer(
        "A lazy server that is named is started, as by a call.  Exit status 1 when one\n"
        "does not answer.\n\n"
        "Example: mcpctl ping weather --timeout 2s");
  }

  int run() override {
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    if (timeout->count() == 0) return complain("--timeout: 0 leaves no time to answer", exit_usage);
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto servers = choose(fleet->socket);
    if (!servers) return complain(servers.error().message, exit_failed);
    if (servers->empty()) {
      return complain("no server of fleet " + fleet->name + " can be asked (see mcpctl ps)",
                      exit_failed);
    }
    for (const std::string& server : *servers) width_ = std::max(width_, columns(server));
    int outcome = exit_ok;
    for (std::size_t at = 0; at < servers->size(); at += asked_at_once) {
      const std::size_t end = std::min(at + asked_at_once, servers->size());
      if (!ask(fleet->socket, {&(*servers)[at], end - at}, *timeout)) outcome = exit_failed;
    }
    return outcome;
  }

 private:
  Result<std::vector<std::string>> choose(const std::string& socket) const {
    const auto answer = call(socket, "GET", "/api/v1/servers?usage=0");
    if (!answer) return std::unexpected{answer.error()};
    const auto fleet = read_fleet(*answer);
    if (!fleet) return std::unexpected{fleet.error()};
    std::string wrong = fleet->unknown_name(servers_);
    if (!wrong.empty()) return failure(std::move(wrong));
    if (!servers_.empty()) return servers_;
    std::vector<std::string> all;
    for (const ServerView& server : fleet->servers) {
      if (may_answer(server)) all.push_back(server.name);
    }
    return all;
  }

  /// All of them at the same time; false when one did not answer.
  bool ask(const std::string& socket, std::span<const std::string> servers,
           Duration timeout) const {
    std::vector<Result<ApiCall>> calls;
    for (const std::string& server : servers) {
      calls.push_back(ApiCall::send(socket, "POST",
                                    "/api/v1/servers/" + control::percent_encoded(server) +
                                        "/ping?timeout_ms=" + std::to_string(timeout.count())));
    }
    bool all_answered = true;
    const Deadline deadline = in(timeout + grace);
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const auto done = calls[i] ? show(*calls[i], deadline) : std::unexpected{calls[i].error()};
      if (done) continue;
      all_answered = false;
      tell(servers[i], done.error().message);
    }
    return all_answered;
  }

  Result<void> show(ApiCall& call, Deadline deadline) const {
    const auto answer = call.await_whole(deadline);
    if (!answer) return std::unexpected{answer.error()};
    if (answer->status != 200) return failure(problem_text(answer->status, answer->body));
    const auto pong = read_pong(answer->body);
    if (!pong) return std::unexpected{pong.error()};
    print(json_ ? answer->body : render_pong(*pong, width_));
    return {};
  }

  void tell(const std::string& server, const std::string& why) const {
    if (!json_) {
      complain("ping: " + why, exit_failed);
      return;
    }
    print("{\"server\":" + json_string(server) + ",\"error\":" + json_string(why) + "}\n");
  }

  std::vector<std::string> servers_;
  FleetChoice choice_;
  std::string timeout_{"5s"};
  bool json_{false};
  std::size_t width_{0};
};

}  // namespace

std::unique_ptr<Command> make_ping() { return std::make_unique<PingServers>(); }

}  // namespace mcpctl::cli
