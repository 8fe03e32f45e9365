// How a living fleet ends, changes and comes back.
#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "fleet_fixture.h"
#include "http/server.h"
#include "loop/address.h"
#include "runtime/cleanup.h"
#include "runtime/state_file.h"
#include "spawn/own_cgroup.h"
#include "spawn/pipe.h"
#include "spawn/proc.h"
#include "tests/unit/children.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using namespace mcpctl::runtime::testing;
using mcpctl::testing::has_children;
using mcpctl::testing::poll_until;
using mcpctl::testing::turn_for;
using supervisor::State;

TEST_CASE("a supervisor that goes while servers run leaves none behind, not even a zombie") {
  {
    LiveFleet fleet{{process("plain", {"sleep", "60"}),
                     process("family", {"sh", "-c", "sleep 60 & sleep 60"}),
                     misbehaving("stubborn", {"--mode=stubborn"})}};
    fleet.supervisor().start();
    for (const auto* name : {"plain", "family", "stubborn"}) {
      REQUIRE(fleet.until_state(name, State::ready));
    }

    fleet.destroy();
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("a supervisor may go in the middle of everything") {
  {
    config::Server checked = process("checked", {"sleep", "60"});
    checked.readiness.method = config::Readiness::Method::exec;
    checked.readiness.command = {"sh", "-c", "sleep 60 & sleep 60"};
    LiveFleet fleet{{checked, process("crashing", {"false"}), misbehaving("mcp", {})}};
    fleet.supervisor().start();
    turn_for(fleet.loop(), Duration{30});
    static_cast<void>(fleet.supervisor().command(Command::restart, "mcp"));

    fleet.destroy();
    turn_for(fleet.loop(), Duration{30});
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("a stopped fleet's state file knows no leader any more, but what was stopped before") {
  config::Server wanted = process("wanted", {"sleep", "60"});
  LiveFleet fleet{{wanted, process("unwanted", {"sleep", "60"})}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("wanted", State::ready));
  REQUIRE(fleet.until([&] {
    const auto state = load_state(fleet.state_file());
    return state && state->leaders.size() == 2;
  }));

  REQUIRE(fleet.supervisor().command(Command::stop, "unwanted").has_value());
  fleet.stop_and_check();

  const auto state = load_state(fleet.state_file());
  REQUIRE(state.has_value());
  CHECK(state->leaders.empty());
  CHECK(state->stopped == std::set<std::string>{"unwanted"});
}

TEST_CASE("a fleet ends although its state cannot be written") {
  LiveFleet fleet{{process("sleeper", {"sleep", "60"})}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("sleeper", State::ready));
  std::filesystem::remove_all(std::filesystem::path{fleet.state_file()}.parent_path());

  fleet.stop_and_check();

  CHECK(fleet.state_of("sleeper") == State::stopped);
}

TEST_CASE("a reload while the fleet stops changes nothing") {
  config::Server slow = process("slow", {"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"});
  slow.stop.term = Duration{200};
  LiveFleet fleet{{slow}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("slow", State::ready));

  fleet.supervisor().stop_all();
  fleet.reading().config.servers.push_back(process("late", {"sleep", "60"}));
  const ReloadOutcome outcome = fleet.supervisor().reload(false);

  CHECK_FALSE(outcome.applied);
  CHECK_FALSE(fleet.supervisor().status_of("late", false).has_value());
  CHECK(fleet.until([&] { return fleet.is_stopped(); }));
}

TEST_CASE("a server that is removed and wanted again before it is gone comes back") {
  config::Server slow =
      process("slow", {"sh", "-c", "trap 'sleep 0.2; exit' TERM; sleep 60 & wait"});
  slow.cwd = "/tmp";
  LiveFleet fleet{{slow}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("slow", State::ready));

  const auto whole = fleet.reading().config;
  fleet.reading().config.servers.clear();
  REQUIRE(fleet.supervisor().reload(false).applied);
  REQUIRE(fleet.until_state("slow", State::stopping));
  fleet.reading().config = whole;
  REQUIRE(fleet.supervisor().reload(false).applied);

  CHECK(fleet.until([&] {
    const auto status = fleet.supervisor().status_of("slow", false);
    return status && status->state == State::ready && status->incarnation == 2;
  }));
  fleet.stop_and_check();
}

TEST_CASE("a secret that a reload has replaced is still redacted") {
  config::Server server = process("teller", {"sh", "-c", "echo key-of-before >&2; sleep 60"});
  server.cwd = "/tmp";
  LiveFleet fleet{{server}};
  fleet.reading().config.secrets = {"key-of-before"};
  REQUIRE(fleet.supervisor().reload(false).applied);
  fleet.supervisor().start();
  REQUIRE(fleet.until(
      [&] { return !fleet.supervisor().status_of("teller", false)->stderr_tail.empty(); }));

  fleet.reading().config.secrets = {"key-of-today"};
  REQUIRE(fleet.supervisor().reload(false).applied);

  const ServerStatus status = *fleet.supervisor().status_of("teller", false);
  CHECK(status.stderr_tail == std::vector<std::string>{"[redacted]"});
  CHECK(status.command_line.find("key-of") == std::string::npos);
  fleet.stop_and_check();
}

TEST_CASE("a free port stays a server's own for as long as it serves there") {
  config::Server server = misbehaving("listener", {"--mode=process", "--mode=listen"});
  server.kind = config::Kind::process;
  server.port = 0;
  server.readiness.method = config::Readiness::Method::tcp;
  LiveFleet fleet{{server}};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("listener", State::ready));
  const auto port = fleet.supervisor().status_of("listener", false)->port;
  CHECK(port != 0);

  REQUIRE(fleet.supervisor().command(Command::restart, "listener").has_value());
  REQUIRE(fleet.until([&] {
    const auto status = *fleet.supervisor().status_of("listener", false);
    return status.state == State::ready && status.incarnation == 2;
  }));

  CHECK(fleet.supervisor().status_of("listener", false)->port == port);
  fleet.stop_and_check();
}

TEST_CASE("a remote server is ready, stops and starts again without a process") {
  config::Server remote;
  remote.name = "remote";
  remote.transport = config::Transport::remote;
  remote.readiness.method = config::Readiness::Method::tcp;
  remote.liveness.method = config::Liveness::Method::none;
  loop::Loop loop;
  http::Server door{loop, [](http::Exchange exchange) { exchange.respond(404, "", ""); }};
  REQUIRE(door.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
  remote.url = "http://127.0.0.1:" + std::to_string(door.address().port()) + "/mcp";
  LiveFleet fleet{{remote}};

  fleet.supervisor().start();
  REQUIRE(fleet.until_state("remote", State::ready));
  CHECK_FALSE(fleet.supervisor().status_of("remote", false)->pid.has_value());
  REQUIRE(fleet.supervisor().command(Command::stop, "remote").has_value());
  REQUIRE(fleet.until_state("remote", State::stopped));
  REQUIRE(fleet.supervisor().command(Command::start, "remote").has_value());
  REQUIRE(fleet.until_state("remote", State::ready));
  REQUIRE(fleet.supervisor().command(Command::kill, "remote").has_value());
  REQUIRE(
      fleet.until([&] { return fleet.supervisor().status_of("remote", false)->incarnation == 3; }));

  fleet.stop_and_check();
}

TEST_CASE("half a line of one incarnation is not completed by the next") {
  config::Server server = process("cut", {"sh", "-c", "printf half >&2; exec sleep 60"});
  LiveFleet fleet{{server}};
  fleet.supervisor().start();
  REQUIRE(fleet.until([&] { return fleet.supervisor().log("cut")->bytes_seen() == 4; }));

  REQUIRE(fleet.supervisor().command(Command::restart, "cut").has_value());
  REQUIRE(fleet.until([&] { return fleet.supervisor().log("cut")->bytes_seen() == 8; }));
  fleet.stop_and_check();

  CHECK(fleet.supervisor().status_of("cut", false)->stderr_tail ==
        std::vector<std::string>{"half", "half"});
}

TEST_CASE("what a crashing server says last is in its log, whoever holds its pipes") {
  config::Server server =
      process("talker", {"sh", "-c", "sleep 60 & echo last words >&2; kill -9 $$"});
  server.restart = config::RestartPolicy::never;
  server.stop.term = Duration{50};
  {
    LiveFleet fleet{{server}};
    fleet.supervisor().start();
    REQUIRE(fleet.until_state("talker", State::failed));

    CHECK(fleet.supervisor().status_of("talker", false)->stderr_tail ==
          std::vector<std::string>{"last words"});
    CHECK(fleet.supervisor().status_of("talker", false)->last_exit->signal == SIGKILL);
    fleet.stop_and_check();
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("without leftovers there is nothing to clean up and nothing to say") {
  const auto self = spawn::SupervisorInstance::current();
  CHECK(clean_up_after_predecessor("no-such-fleet-anywhere", {}, self, "").empty());
}

namespace {

/// A supervisor that has ended: a pid that no process has, of this boot and namespace.
spawn::SupervisorInstance dead_supervisor() {
  auto dead = spawn::SupervisorInstance::current();
  dead.pid = 0x3fffff;
  return dead;
}

/// A process that carries this cookie.
pid_t start_with(const spawn::Cookie& cookie) {
  auto ends = spawn::make_pipe_ends();
  REQUIRE(ends.has_value());
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string entry = std::string{spawn::cookie_variable} + "=" + to_string(cookie);
    char command[] = "sleep";
    char seconds[] = "60";
    char* argv[] = {command, seconds, nullptr};
    char* envp[] = {const_cast<char*>(entry.c_str()), nullptr};
    ::execve("/bin/sleep", argv, envp);
    ::_exit(127);
  }
  ends->second.reset();
  char byte = 0;
  // The pipe ends with the exec: from then on the child has its environment.
  CHECK(::read(ends->first.get(), &byte, 1) == 0);
  return child;
}

/// Unlike kill(2), knows a zombie.
bool is_alive(pid_t process) {
  spawn::ProcessStat stat;
  return spawn::read_stat(spawn::open_proc().get(), process, stat) && stat.is_alive();
}

/// The control group that such a one left, with a server's in it; empty where none can be
/// made.
std::string stale_cgroup_of(const std::string& fleet) {
  const auto where = spawn::OwnCgroups::now().version_2();
  if (!where) return "";
  std::string path = *where + "/mcpctl-" + fleet + "-" + std::to_string(dead_supervisor().pid);
  std::error_code refused;
  std::filesystem::create_directories(path + "/plain", refused);
  return refused ? "" : path;
}

}  // namespace

TEST_CASE("what a dead supervisor of the same fleet left is killed, and nothing else") {
  const std::string fleet = "cleanup-test-" + std::to_string(::getpid());
  const auto dead = dead_supervisor();
  const pid_t leftover = start_with({fleet, "a", Incarnation{1}, dead});
  const pid_t stranger = start_with({fleet + "x", "a", Incarnation{1}, dead});

  const std::string told =
      clean_up_after_predecessor(fleet, {}, spawn::SupervisorInstance::current(), "");

  int status = 0;
  CHECK(told == "killed 1 process that a dead supervisor left behind");
  CHECK(::waitpid(leftover, &status, 0) == leftover);
  CHECK(WIFSIGNALED(status));
  CHECK(::waitpid(stranger, &status, WNOHANG) == 0);
  ::kill(stranger, SIGKILL);
  ::waitpid(stranger, &status, 0);
}

TEST_CASE("leftovers that nothing told of wait for the first starts, and are killed then") {
  const std::string name = "cleanup-later-" + std::to_string(::getpid());
  const pid_t leftover = start_with({name, "a", Incarnation{1}, dead_supervisor()});
  const std::string group = stale_cgroup_of(name);
  loop::Loop loop;
  config::Config config;
  config.name = name;
  config.servers.push_back(process("plain", {"sleep", "60"}));
  bool stopped = false;
  std::string told;
  Options options;
  options.shutdown_timeout = Duration{10'000};
  options.on_stopped = [&] { stopped = true; };
  options.on_cleaned_up = [&](const std::string& what) { told = what; };
  SUBCASE("with a trace of the predecessor's death they are killed before") {
    const Supervisor supervisor{loop, config, options};

    CHECK(told == "killed 1 process that a dead supervisor left behind");
    CHECK_FALSE(is_alive(leftover));
    CHECK_FALSE(std::filesystem::exists(group));
    ::waitpid(leftover, nullptr, 0);
    return;
  }
  options.predecessor_died = false;
  Supervisor supervisor{loop, config, options};
  CHECK(is_alive(leftover));
  CHECK(std::filesystem::exists(group) == !group.empty());

  supervisor.start();

  CHECK(poll_until(loop, [&] { return !told.empty(); }));
  CHECK(told == "killed 1 process that a dead supervisor left behind");
  CHECK_FALSE(is_alive(leftover));
  CHECK_FALSE(std::filesystem::exists(group));
  CHECK(supervisor.status_of("plain", false)->state == State::ready);
  supervisor.stop_all();
  CHECK(poll_until(loop, [&] { return stopped; }));
}
