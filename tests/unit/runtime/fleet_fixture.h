// A real supervisor with real processes on a real loop, and a deadline for
// everything that is waited for.
#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "loop/signal.h"
#include "runtime/supervisor.h"
#include "tests/unit/children.h"
#include "tests/unit/temporary_directory.h"
#include "tests/unit/turning.h"

namespace mcpctl::runtime::testing {

class LiveFleet {
 public:
  /// With `relays`, channels open.
  explicit LiveFleet(std::vector<config::Server> servers, bool relays = false) {
    mcpctl::testing::adopt_orphans();
    loop::ignore_sigpipe();
    config_.name = "test-" + std::to_string(::getpid());
    for (config::Server& server : servers) {
      if (server.cwd.empty()) server.cwd = "/tmp";
      config_.servers.push_back(std::move(server));
    }
    Options options;
    options.state_dir = folder_.path();
    options.relays = relays;
    options.shutdown_timeout = Duration{10'000};
    options.load = [this] { return reading_; };
    options.on_stopped = [this] { stopped_ = true; };
    reading_.config = config_;
    supervisor_.emplace(loop_, config_, std::move(options));
  }

  /// Turns the loop until `condition` holds, `most` at most.
  bool until(const std::function<bool()>& condition, Duration most = mcpctl::testing::patience) {
    return mcpctl::testing::poll_until(loop_, condition, most);
  }

  bool until_state(std::string_view server, supervisor::State state,
                   Duration most = mcpctl::testing::patience) {
    return until([&] { return state_of(server) == state; }, most);
  }

  supervisor::State state_of(std::string_view server) {
    return supervisor_->status_of(server, false)->state;
  }

  void stop_and_check() {
    supervisor_->stop_all();
    REQUIRE(until([&] { return stopped_; }));
  }

  Supervisor& supervisor() { return *supervisor_; }
  loop::Loop& loop() { return loop_; }
  bool is_stopped() const { return stopped_; }
  /// Ends the supervisor, whatever still runs.
  void destroy() { supervisor_.reset(); }
  std::string state_file() const { return folder_ / (config_.name + ".state.json"); }
  /// What the next reload() will read.
  config::Reading& reading() { return reading_; }

 private:
  loop::Loop loop_;
  mcpctl::testing::TemporaryDirectory folder_;
  config::Config config_;
  config::Reading reading_;
  bool stopped_{false};
  std::optional<Supervisor> supervisor_;
};

inline config::Server process(std::string name, std::vector<std::string> argv) {
  config::Server server;
  server.name = std::move(name);
  server.kind = config::Kind::process;
  server.command = argv.at(0);
  server.args.assign(argv.begin() + 1, argv.end());
  return server;
}

inline config::Server misbehaving(std::string name, std::vector<std::string> args) {
  config::Server server;
  server.name = std::move(name);
  server.command = MCPCTL_BINARY_DIR "/examples/misbehave";
  server.args = std::move(args);
  return server;
}

}  // namespace mcpctl::runtime::testing
