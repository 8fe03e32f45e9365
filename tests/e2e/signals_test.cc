// What the signals of operators, terminals and service managers do to a running fleet.
#include <doctest/doctest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <string>

#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

bool shows_line(Fleet& fleet, const std::string& text) {
  return fleet.program().terminal_text().find(text) != std::string::npos;
}

void await_on_terminal(Fleet& fleet, const std::string& text) {
  const bool shown = eventually([&] { return shows_line(fleet, text); });
  const std::string terminal = fleet.program().terminal_text();
  CAPTURE(terminal);
  REQUIRE_MESSAGE(shown, "never on the terminal: ", text);
}

}  // namespace

TEST_CASE("Ctrl-C stops in order and tells what a second one does; the second kills") {
  Fleet fleet{Json{{"stubborn", misbehaving({"stubborn"})}}, quick("20s")};
  fleet.start_on_terminal();
  fleet.await("stubborn", "ready");

  fleet.program().type("\x03");
  await_on_terminal(fleet, "stopping; waiting for stubborn (once more kills them now)");
  CHECK(stays([&] { return fleet.program().is_running(); }, 300ms));
  const auto start = Clock::now();
  fleet.program().type("\x03");

  const Ended ended = fleet.stop(0);
  CHECK(since(start) < soon);
  CHECK(ended.exit_code == 1);
  CHECK(shows_line(fleet, "killing everything"));
}

TEST_CASE("one Ctrl-C is enough for servers that behave, and reaches them by way of the ladder") {
  Fleet fleet{Json{{"polite", misbehaving({})}}, quick("20s")};
  fleet.start_on_terminal();
  fleet.await("polite", "ready");

  fleet.program().type("\x03");

  CHECK(fleet.stop(0).exit_code == 0);
  CHECK_FALSE(shows_line(fleet, "SIGINT"));  // no server was killed by the terminal
}

TEST_CASE("a closed terminal is the orderly end of a fleet in the foreground") {
  Fleet fleet{Json{{"polite", misbehaving({"daemon"})}}, quick()};
  fleet.start_on_terminal();
  fleet.await("polite", "ready");

  fleet.program().hang_up();

  CHECK(fleet.stop(0).exit_code == 0);
}

TEST_CASE("SIGTERM is a success, also while servers are starting, and one more kills") {
  Fleet starting{Json{{"slow", misbehaving({"slow-start", "--start-delay=60000"})}}, quick()};
  Fleet stubborn{Json{{"stubborn", misbehaving({"stubborn"})}}, quick("20s")};
  starting.start();
  stubborn.start();
  starting.await("slow", "starting");
  stubborn.await("stubborn", "ready");

  CHECK(starting.stop().exit_code == 0);
  stubborn.program().signal(SIGTERM);
  stubborn.await_words("once more kills them now");
  // Two within a tenth of a second count as one.
  CHECK(stays([&] { return stubborn.program().is_running(); }, 200ms));
  const Ended ended = stubborn.stop(SIGTERM);

  CHECK(ended.took < 2s * sanitizer_cost);
  CHECK(ended.exit_code == 1);
}

TEST_CASE("a SIGTERM in the last moment does not replace the exit code") {
  for (int round = 0; round < 5; ++round) {
    Fleet fleet{Json{{"polite", misbehaving({})}}, quick("20s")};
    fleet.start();
    fleet.await("polite", "ready");

    // Many a millisecond, to hit any moment of the end.
    const auto start = Clock::now();
    while (fleet.program().is_running() && since(start) < patience) {
      fleet.program().signal(SIGTERM);
      std::this_thread::sleep_for(100us);
    }

    const int exit_code = fleet.stop(0).exit_code;
    CAPTURE(exit_code);
    CHECK((exit_code == 0 || exit_code == 1));  // 1: they killed what took over 100 ms to stop
  }
}

TEST_CASE("SIGTERM before the fleet is up ends it cleanly") {
  if (as_init()) {
    MESSAGE("skipped: until it handles them, the kernel gives PID 1 no signals");
    return;
  }
  for (const Milliseconds delay : {0ms, 3ms, 10ms, 30ms}) {
    Fleet fleet{Json{{"a", misbehaving({"daemon"})}, {"b", misbehaving({"stubborn"})}},
                quick("100ms")};
    fleet.start();
    std::this_thread::sleep_for(delay);  // no event: the point is to hit any moment

    const Ended ended = fleet.stop();

    CAPTURE(delay.count());
    // 143: before the warden stood and took the signal for the supervisor.
    CHECK((ended.exit_code == 0 || ended.exit_code == 143));
  }
}

TEST_CASE("a storm of SIGHUP restarts nothing and blocks nothing") {
  Fleet fleet{Json{{"steady", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("steady", "ready");
  const pid_t pid = fleet.pid("steady");

  for (int i = 0; i < 1000; ++i) fleet.program().signal(SIGHUP);
  fleet.await_words("configuration reloaded: nothing changed");

  CHECK(fleet.pid("steady") == pid);
  CHECK(fleet.request("GET", "/livez") == "ok\n");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("SIGQUIT writes every server's state into the log") {
  Fleet fleet{Json{{"steady", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("steady", "ready");

  fleet.program().signal(SIGQUIT);

  fleet.await_words("server=steady state=ready goal=up");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("five hundred servers that die at once are all noticed and reaped within seconds") {
  Json servers = Json::object();
  for (int i = 0; i < 500; ++i) {
    Json sleeper{{"command", "sleep"}, {"args", {"600"}}};
    sleeper["x-mcpctl"] = {{"kind", "process"}, {"restart", "never"}, {"readiness", "alive"}};
    servers["s" + std::to_string(i)] = sleeper;
  }
  Fleet fleet{servers, {{"maxConcurrentStarts", 100}}};
  fleet.start();
  fleet.await_all("ready");
  // An environment shows itself a moment after the exec.
  REQUIRE(eventually([&] { return fleet.processes().size() == 500; }));

  for (const Process& process : fleet.processes()) ::kill(process.pid, SIGKILL);
  const auto start = Clock::now();
  fleet.await_all("failed");

  CHECK(since(start) < soon);
  CHECK(children_of(fleet.supervisor()).empty());  // no zombies
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a third Ctrl-C ends mcpctl although a debugger keeps a dead server from being reaped") {
  Fleet fleet{Json{{"traced", misbehaving({"stubborn"})}}, quick("20s")};
  fleet.start_on_terminal();
  fleet.await("traced", "ready");
  const pid_t traced = fleet.pid("traced");
  REQUIRE(::ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) == 0);

  fleet.program().type("\x03");
  await_on_terminal(fleet, "once more kills them now");
  std::this_thread::sleep_for(150ms);  // two within a tenth of a second count as one
  fleet.program().type("\x03");
  await_on_terminal(fleet, "killing everything");
  const pid_t supervisor = fleet.supervisor();
  const auto before = cpu_ms(supervisor);
  CHECK(stays([&] { return fleet.program().is_running(); }, 700ms));
  CHECK(cpu_ms(supervisor) - before < 200 * sanitizer_cost);  // waits, and does not spin
  fleet.program().type("\x03");

  int status = 0;
  if (as_init()) ::waitpid(traced, &status, __WALL);  // or the namespace could not end
  const auto code = fleet.program().wait(5s);
  ::waitpid(traced, &status, __WALL);
  CHECK(code == 1);
  CHECK(fleet.stop(0).exit_code == 1);
}
