// mcpctl connect: the fleet as a stdio server, for clients that know nothing else.
#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/api_client.h"
#include "cli/background.h"
#include "cli/bridge.h"
#include "cli/command.h"
#include "cli/door_client.h"
#include "cli/exit_code.h"
#include "cli/offers.h"
#include "cli/standard_input.h"
#include "loop/loop.h"
#include "loop/signal.h"
#include "mcp/framing.h"
#include "runtime/config_files.h"

namespace mcpctl::cli {
namespace {

/// From another host's start to the open door.
constexpr Duration others_start{2'000};

class Connect final : public Command {
 public:
  std::string_view name() const override { return "connect"; }
  std::string_view summary() const override { return "Be a stdio server, relayed to the fleet"; }

  void declare(CLI::App& app) override {
    CLI::Option* const argument =
        app.add_option("server", server_, "The server to speak to; none: all of them as one")
            ->type_name("NAME");
    app.add_option("--server", server_, "The same")->type_name("NAME")->excludes(argument);
    app.add_flag("--up", up_, "Start the fleet if it does not run, as up does");
    add_fleet_options(app, choice_);
    app.footer(
        "For hosts that only start stdio servers.  Ends when its stdin does; a fleet that\n"
        "--up has started runs on.  mcpctl client-config prints what such a host's\n"
        "configuration needs.\n\n"
        "Example: mcpctl connect weather");
  }

  int run() override {
    std::vector<std::string> named;
    if (!server_.empty()) named.push_back(server_);
    const auto offerers = offerers_of(up_ ? find_or_start() : find_fleet(choice_), named);
    if (!offerers) return offerers.error();
    const std::string& door = offerers->door;
    auto url = http::parse_url(server_.empty() ? door : url_of(door, server_));
    if (!url) return complain(url.error().message, exit_failed);
    return relay(std::move(*url));
  }

 private:
  /// Without a word on stdout, where the protocol is spoken.
  Result<FoundFleet> find_or_start() const {
    if (auto running = find_fleet(choice_)) return running;
    const auto files = runtime::ConfigFiles::locate(choice_.files);
    if (!files) return std::unexpected{files.error()};
    const config::Reading reading = files->load();
    if (reading.has_errors()) {
      return failure("nothing was started, for the configuration has errors: mcpctl check " +
                     files->paths().front());
    }
    const auto fleet = Background::fleet(reading.config.name);
    if (!fleet) return std::unexpected{fleet.error()};
    // Another host may start it in the same moment: then it is there soon.
    if (!fleet->answers()) {
      const auto started = fleet->start(files->paths());
      if (!started && !fleet->answers(others_start)) return std::unexpected{started.error()};
    }
    const Deadline deadline = in(others_start);
    while (true) {
      auto found = find_fleet(choice_);
      if (found || std::chrono::steady_clock::now() >= deadline) return found;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
  }

  static int relay(http::Url url) {
    loop::ignore_sigpipe();
    loop::Loop loop;
    Bridge bridge{loop, std::move(url), door_headers(),
                  [](std::string_view message) { print(std::string{message} + '\n'); }};
    mcp::LineFramer framer;
    int status = exit_ok;
    const StandardInput input{loop,
                              {.on_data =
                                   [&](std::string_view bytes) {
                                     framer.feed(bytes);
                                     while (const auto frame = framer.next()) {
                                       if (!frame->overlong) bridge.take(std::string{frame->line});
                                     }
                                   },
                               .on_end =
                                   [&](const std::optional<Error>& error) {
                                     if (error) status = complain(error->message, exit_failed);
                                     bridge.finish([&] { loop.stop(); });
                                   }}};
    loop.run();
    return status;
  }

  std::string server_;
  bool up_{false};
  FleetChoice choice_;
};

}  // namespace

std::unique_ptr<Command> make_connect() { return std::make_unique<Connect>(); }

}  // namespace mcpctl::cli
