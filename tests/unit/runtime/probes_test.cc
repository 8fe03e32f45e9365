// Every way to find out whether a server is ready and whether it lives, on real
// processes.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "fleet_fixture.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using namespace mcpctl::runtime::testing;
using supervisor::State;
using Ready = config::Readiness::Method;
using Alive = config::Liveness::Method;

namespace {

config::Server companion_that(std::vector<std::string> modes) {
  modes.insert(modes.begin(), "--mode=process");
  config::Server server = misbehaving("companion", std::move(modes));
  server.kind = config::Kind::process;
  return server;
}

/// Asked often, and given up soon.
config::Liveness impatient(Alive method) {
  config::Liveness liveness;
  liveness.method = method;
  liveness.interval = Duration{64};
  liveness.timeout = Duration{500};
  liveness.failures = 1;
  return liveness;
}

config::Server listening(std::string mode, Ready method, long delay_ms = 0) {
  config::Server server =
      companion_that({"--mode=" + mode, "--start-delay=" + std::to_string(delay_ms)});
  server.port = 0;
  server.readiness.method = method;
  return server;
}

/// Whether the server was ready `delay_ms` after its start at the earliest.
bool is_ready_after(config::Server server, long delay_ms) {
  LiveFleet fleet{{std::move(server)}};
  const auto began = std::chrono::steady_clock::now();
  fleet.supervisor().start();
  const bool ready = fleet.until_state("companion", State::ready);
  const auto took = std::chrono::steady_clock::now() - began;
  fleet.stop_and_check();
  // The loop's clock rounds down to the millisecond.
  return ready && took > std::chrono::milliseconds{delay_ms - 1};
}

/// A file that is there while this lives.
struct Flag {
  Flag() {
    char name[] = "/tmp/mcpctl-flag-XXXXXX";
    const int descriptor = ::mkstemp(name);
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
    path = name;
  }
  ~Flag() { take_away(); }
  void take_away() const { std::filesystem::remove(path); }
  void put_back() const { std::ofstream{path}; }
  std::string path;
};

unsigned incarnation_of(LiveFleet& fleet) {
  return fleet.supervisor().status_of("companion", false)->incarnation;
}

}  // namespace

// ---- readiness -------------------------------------------------------------------

TEST_CASE("ready by tcp: when its port is open") {
  CHECK(is_ready_after(listening("listen", Ready::tcp, 150), 150));
}

TEST_CASE("ready by http-get: when it answers 200, but not with 503") {
  CHECK(is_ready_after(listening("listen-http", Ready::http_get, 150), 150));

  LiveFleet fleet{{listening("listen-http-503", Ready::http_get)}};
  fleet.supervisor().start();
  REQUIRE(fleet.until([&] {
    return fleet.supervisor().status_of("companion", false)->why_text.find("503") !=
           std::string::npos;
  }));
  CHECK(fleet.state_of("companion") == State::starting);
  fleet.stop_and_check();
}

TEST_CASE("ready by exec: when the command succeeds") {
  Flag flag;
  flag.take_away();
  config::Server server = companion_that({});
  server.readiness.method = Ready::exec;
  server.readiness.command = {"test", "-e", flag.path};
  LiveFleet fleet{{server}};

  fleet.supervisor().start();
  REQUIRE(fleet.until([&] {
    return fleet.supervisor().status_of("companion", false)->why_text.find("exec test") !=
           std::string::npos;
  }));
  CHECK(fleet.state_of("companion") == State::starting);
  flag.put_back();

  CHECK(fleet.until_state("companion", State::ready));
  fleet.stop_and_check();
}

TEST_CASE("ready by log-line: when a line matches") {
  config::Server server = companion_that({"--mode=log-line", "--after=150", "--text=now up on 1"});
  server.readiness.method = Ready::log_line;
  server.readiness.pattern = "up on \\d";
  CHECK(is_ready_after(server, 150));
}

TEST_CASE("ready by notify: with READY=1, or a newline on the descriptor") {
  config::Server sd = companion_that({"--mode=notify", "--start-delay=150"});
  sd.readiness.method = Ready::notify;
  CHECK(is_ready_after(sd, 150));

  config::Server fd = companion_that({"--mode=notify-fd", "--fd=5", "--start-delay=150"});
  fd.readiness.method = Ready::notify;
  fd.readiness.notify_fd = 5;
  CHECK(is_ready_after(fd, 150));
}

TEST_CASE("ready by alive: when it has lived long enough") {
  config::Server server = companion_that({});
  server.readiness.method = Ready::alive;
  server.readiness.after = Duration{150};
  CHECK(is_ready_after(server, 150));
}

TEST_CASE("a server that never becomes ready is restarted after its start timeout") {
  config::Server server = companion_that({});
  server.readiness.method = Ready::notify;
  server.readiness.timeout = Duration{100};
  server.backoff.initial = Duration{20};
  LiveFleet fleet{{server}};

  fleet.supervisor().start();

  CHECK(fleet.until([&] { return incarnation_of(fleet) >= 2; }));
  fleet.stop_and_check();
}

// ---- liveness --------------------------------------------------------------------

TEST_CASE("alive by exec: degraded when the command fails, ready when it succeeds again") {
  Flag flag;
  config::Server server = companion_that({});
  server.liveness = impatient(Alive::exec);
  server.liveness.command = {"test", "-e", flag.path};
  server.liveness.failures = 3;
  LiveFleet fleet{{server}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("companion", State::ready));

  flag.take_away();
  REQUIRE(fleet.until_state("companion", State::degraded));
  flag.put_back();

  CHECK(fleet.until_state("companion", State::ready));
  CHECK(incarnation_of(fleet) == 1);
  fleet.stop_and_check();
}

TEST_CASE("alive by exec, http-get or tcp: a server that is not is restarted") {
  config::Server exec = companion_that({});
  exec.liveness = impatient(Alive::exec);
  exec.liveness.command = {"false"};
  config::Server http = listening("listen-http-503", Ready::tcp);
  http.liveness = impatient(Alive::http_get);
  config::Server tcp = companion_that({});
  tcp.liveness = impatient(Alive::tcp);
  tcp.liveness.port = 1;
  for (config::Server server : {exec, http, tcp}) {
    server.backoff.initial = Duration{20};
    LiveFleet fleet{{server}};
    fleet.supervisor().start();

    CHECK(fleet.until([&] { return incarnation_of(fleet) >= 2; }));
    fleet.stop_and_check();
  }
}

TEST_CASE("alive by notify: a watchdog that is not fed any more bites") {
  config::Server server = companion_that({"--mode=watchdog", "--interval=20", "--after=400"});
  server.liveness = impatient(Alive::notify);
  server.liveness.interval = Duration{128};
  server.backoff.initial = Duration{20};
  LiveFleet fleet{{server}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("companion", State::ready));

  CHECK(fleet.until([&] { return incarnation_of(fleet) >= 2; }));
  fleet.stop_and_check();
}

TEST_CASE("alive by ping: one that hangs is restarted, one without ping is not") {
  config::Server hung = misbehaving("companion", {"--mode=hang", "--count=4"});
  hung.liveness = impatient(Alive::ping);
  hung.liveness.timeout = Duration{100};
  hung.backoff.initial = Duration{20};
  hung.stop.eof = Duration{50};
  {
    LiveFleet fleet{{hung}};
    fleet.supervisor().start();
    CHECK(fleet.until([&] { return incarnation_of(fleet) >= 2; }));
    fleet.stop_and_check();
  }

  config::Server deaf = misbehaving("companion", {"--mode=no-ping"});
  deaf.liveness = hung.liveness;
  LiveFleet fleet{{deaf}};
  fleet.supervisor().start();
  REQUIRE(fleet.until(
      [&] { return fleet.supervisor().status_of("companion", false)->ping_unanswered; }));
  CHECK(incarnation_of(fleet) == 1);
  fleet.stop_and_check();
}

// ---- reloads ---------------------------------------------------------------------

TEST_CASE("a reload to a watchdog does not blame the process that was never told of it") {
  config::Server server = companion_that({});
  server.liveness.method = Alive::none;
  server.cwd = "/tmp";
  LiveFleet fleet{{server}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("companion", State::ready));

  fleet.reading().config.servers[0].liveness = impatient(Alive::notify);
  REQUIRE(fleet.supervisor().reload(false).applied);
  CHECK_FALSE(fleet.until_state("companion", State::degraded, Duration{500}));

  CHECK(incarnation_of(fleet) == 1);
  fleet.stop_and_check();
}

TEST_CASE("a reload of the liveness command keeps the port that the server was given") {
  Flag flag;
  config::Server server = listening("listen", Ready::tcp);
  server.cwd = "/tmp";
  LiveFleet fleet{{server}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("companion", State::ready));
  const auto port = std::to_string(fleet.supervisor().status_of("companion", false)->port);

  config::Liveness& liveness = fleet.reading().config.servers[0].liveness;
  liveness = impatient(Alive::exec);
  liveness.command = {"sh", "-c", "echo ${PORT} > " + flag.path};
  REQUIRE(fleet.supervisor().reload(false).applied);

  CHECK(fleet.until([&] {
    std::string told;
    std::ifstream{flag.path} >> told;
    return told == port;
  }));
  fleet.stop_and_check();
}
