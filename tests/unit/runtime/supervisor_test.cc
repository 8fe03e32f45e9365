#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "fleet_fixture.h"
#include "tests/unit/children.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using namespace mcpctl::runtime::testing;
using mcpctl::testing::has_children;
using supervisor::State;

namespace {

std::ptrdiff_t live_children() {
  std::ifstream children{"/proc/thread-self/children"};
  return std::distance(std::istream_iterator<int>{children}, {});
}

}  // namespace

TEST_CASE("a process is started, is ready at once, and is gone after the stop") {
  {
    LiveFleet fleet{{process("sleeper", {"sleep", "60"})}};

    fleet.supervisor().start();
    REQUIRE(fleet.until_state("sleeper", State::ready));
    const int pid = *fleet.supervisor().status_of("sleeper", true)->pid;
    CHECK(fleet.until(
        [&] { return fleet.supervisor().status_of("sleeper", true)->memory_bytes > 0; }));
    fleet.stop_and_check();

    CHECK(fleet.state_of("sleeper") == State::stopped);
    CHECK(::kill(pid, 0) == -1);
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("a stdio server is ready when it has answered the handshake") {
  LiveFleet fleet{{misbehaving("mcp", {})}};

  fleet.supervisor().start();
  REQUIRE(fleet.until_state("mcp", State::ready));

  CHECK(fleet.supervisor().status_of("mcp", false)->era == "legacy");
  fleet.stop_and_check();
}

TEST_CASE("a killed server comes back as a new incarnation") {
  LiveFleet fleet{{process("victim", {"sleep", "60"})}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("victim", State::ready));
  const int first = *fleet.supervisor().status_of("victim", false)->pid;

  ::kill(first, SIGKILL);
  REQUIRE(fleet.until([&] {
    const auto status = *fleet.supervisor().status_of("victim", false);
    return status.state == State::ready && status.incarnation == 2;
  }));

  CHECK(fleet.supervisor().status_of("victim", false)->restarts == 1);
  CHECK(fleet.supervisor().status_of("victim", false)->last_exit->signal == SIGKILL);
  fleet.stop_and_check();
}

TEST_CASE("a command that does not exist is failed at once and says where it was looked for") {
  LiveFleet fleet{{process("typo", {"no-such-command-anywhere"})}};

  fleet.supervisor().start();
  REQUIRE(fleet.until_state("typo", State::failed));

  const std::string why = fleet.supervisor().status_of("typo", false)->why_text;
  CHECK(why.find("cannot start typo: no-such-command-anywhere not found in PATH=") == 0);
  fleet.stop_and_check();
}

TEST_CASE("a check that hangs while the fleet ends goes with it") {
  {
    config::Server server = process("checked", {"sleep", "60"});
    server.readiness.method = config::Readiness::Method::exec;
    server.readiness.command = {"sh", "-c", "trap '' TERM; sleep 60 & sleep 60"};
    LiveFleet fleet{{server}};

    fleet.supervisor().start();
    REQUIRE(fleet.until_state("checked", State::starting));
    REQUIRE(fleet.until([] { return live_children() == 2; }));
    fleet.stop_and_check();
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("progress on stderr extends a start timeout shorter than a second") {
  config::Server server = misbehaving("chatty", {"--mode=noisy-start", "--start-delay=1500"});
  server.readiness.timeout = Duration{400};
  LiveFleet fleet{{server}};

  fleet.supervisor().start();
  REQUIRE(fleet.until_state("chatty", State::ready));

  CHECK(fleet.supervisor().status_of("chatty", false)->incarnation == 1);
  fleet.stop_and_check();
}

TEST_CASE("an unknown name gets a suggestion") {
  LiveFleet fleet{{process("weather", {"sleep", "60"})}};

  const auto answer = fleet.supervisor().command(Command::stop, "wether");

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().message == "no server named \"wether\"; did you mean \"weather\"?");
  fleet.stop_and_check();
}

TEST_CASE("a reload starts what is new, stops what is gone and leaves the rest alone") {
  LiveFleet fleet{{process("stays", {"sleep", "60"}), process("goes", {"sleep", "61"})}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("stays", State::ready));
  REQUIRE(fleet.until_state("goes", State::ready));
  const int pid = *fleet.supervisor().status_of("stays", false)->pid;

  config::Server fresh = process("comes", {"sleep", "62"});
  fresh.cwd = "/tmp";
  fleet.reading().config.servers[1] = fresh;
  const ReloadOutcome outcome = fleet.supervisor().reload(false);

  CHECK(outcome.applied);
  CHECK(outcome.plan.size() == 2);
  REQUIRE(fleet.until_state("comes", State::ready));
  REQUIRE(fleet.until([&] { return !fleet.supervisor().status_of("goes", false).has_value(); }));
  CHECK(*fleet.supervisor().status_of("stays", false)->pid == pid);
  fleet.stop_and_check();
}
