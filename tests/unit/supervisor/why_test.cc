// The exact clauses that operators read.
#include "supervisor/why.h"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>

using namespace mcpctl;
using namespace mcpctl::supervisor;
using namespace std::chrono_literals;

namespace {

Why because(Trigger trigger, Motive motive = Motive::none) {
  Why why;
  why.trigger = why.root = trigger;
  why.motive = motive;
  return why;
}

Why exited(ExitStatus status, Duration lived) {
  Why why = because(Trigger::exited);
  why.has_exit = true;
  why.exit = status;
  why.lived = lived;
  return why;
}

}  // namespace

TEST_CASE("a crash tells the exit, the life before it, and the restart after it") {
  Why why = exited({1, 0, false, false}, 3s);
  why.delay = 1s;

  CHECK(describe(why, State::backoff) == "exit code 1 after 3s; restart in 1s");
}

TEST_CASE("a crash loop tells how often, and when the next try comes") {
  Why why = exited({0, SIGSEGV, true, false}, 12ms);
  why.gave_up = GaveUp::crash_loop;
  why.failures = 8;
  why.delay = 300s;

  CHECK(
      describe(why, State::failed) ==
      "killed by SIGSEGV (core dumped) after 12ms; gave up after 8 failed starts; next try in 5m");
}

TEST_CASE("a policy that forbids a restart is named") {
  Why why = exited({1, 0, false, false}, 90s);
  why.gave_up = GaveUp::policy;

  CHECK(describe(why, State::failed) == "exit code 1 after 1m30s; restart policy is never");
}

TEST_CASE("an end that we brought about is told by its cause, then its exit") {
  Why why = exited({0, SIGKILL, false, false}, 60s);
  why.trigger = Trigger::gone;
  why.root = Trigger::start_timed_out;
  why.delay = 500ms;

  CHECK(describe(why, State::backoff) == "not ready in time; killed by SIGKILL; restart in 500ms");
}

TEST_CASE("a stop is told with whom it came from, without the exit nobody asks for") {
  Why why = exited({0, SIGTERM, false, false}, 60s);
  why.trigger = Trigger::gone;
  why.root = Trigger::stop_requested;

  const auto told = [&](Motive motive) {
    why.motive = motive;
    return describe(why, State::stopped);
  };
  CHECK(told(Motive::operator_request) == "stop requested");
  CHECK(told(Motive::fleet) == "stop with the fleet");
  CHECK(told(Motive::removal) == "stop: removed from the configuration");
  CHECK(told(Motive::succession) == "stop: replaced by a new process");
}

TEST_CASE("starts and restarts are told with their reason") {
  CHECK(describe(because(Trigger::start_requested, Motive::dependency), State::waiting) ==
        "start: needed by another server");
  CHECK(describe(because(Trigger::restart_requested, Motive::config_change), State::stopping) ==
        "restart: configuration changed");
  CHECK(describe(because(Trigger::restart_requested, Motive::memory_limit), State::stopping) ==
        "restart: over its memory limit");
  CHECK(describe(because(Trigger::restart_requested, Motive::files_changed), State::stopping) ==
        "restart: its files changed");
  Why why = because(Trigger::restart_requested, Motive::files_changed);
  why.message = "server.py";
  CHECK(describe(why, State::stopping) == "restart: server.py changed");
}

TEST_CASE("a spawn that failed is told in its own words") {
  Why why = because(Trigger::spawn_failed);
  why.message = "cannot start weather: node: No such file or directory";
  why.gave_up = GaveUp::not_worth_retrying;
  why.delay = 300s;

  CHECK(describe(why, State::failed) ==
        "cannot start weather: node: No such file or directory; next try in 5m");
}

TEST_CASE("a server that nothing has happened to is not started") {
  CHECK(describe(Why{}, State::stopped) == "not started");
}

TEST_CASE("every other trigger has its clause") {
  const auto told = [](Trigger trigger) { return describe(because(trigger), State::ready); };
  CHECK(told(Trigger::enabled) == "wanted by the configuration");
  CHECK(told(Trigger::kill_requested) == "kill requested");
  CHECK(told(Trigger::reset_requested) == "reset requested");
  CHECK(told(Trigger::demanded) == "a request arrived");
  CHECK(told(Trigger::admitted) == "its turn");
  CHECK(told(Trigger::readiness_proven) == "readiness proven");
  CHECK(told(Trigger::health_failing) == "health probes fail");
  CHECK(told(Trigger::health_recovered) == "health probes succeed again");
  CHECK(told(Trigger::health_lost) == "unresponsive");
  CHECK(told(Trigger::went_idle) == "no request for a while");
  CHECK(told(Trigger::drained) == "requests in flight finished");
  CHECK(told(Trigger::drain_timed_out) == "requests in flight did not finish in time");
  CHECK(told(Trigger::gone) == "all its processes are gone");
  CHECK(told(Trigger::survived) == "a process survived SIGKILL");
  CHECK(told(Trigger::backoff_elapsed) == "restart");
  CHECK(told(Trigger::retry_elapsed) == "slow retry");
}

TEST_CASE("durations are told as one reads them at a glance") {
  const auto told = [](Duration delay) {
    Why why = because(Trigger::exited);
    why.delay = delay;
    return describe(why, State::backoff);
  };
  CHECK(told(1ms) == "ended; restart in 1ms");
  CHECK(told(999ms) == "ended; restart in 999ms");
  CHECK(told(1'000ms) == "ended; restart in 1s");
  CHECK(told(2'350ms) == "ended; restart in 2s300ms");
  CHECK(told(12'345ms) == "ended; restart in 12s");
  CHECK(told(60s) == "ended; restart in 1m");
  CHECK(told(125s) == "ended; restart in 2m5s");
}

TEST_CASE("exits are told as a shell user knows them") {
  CHECK(describe(ExitStatus{0, 0, false, false}) == "exit code 0");
  CHECK(describe(ExitStatus{78, 0, false, false}) == "exit code 78 (configuration error)");
  CHECK(describe(ExitStatus{127, 0, false, false}) == "exit code 127 (command not found)");
  CHECK(describe(ExitStatus{0, SIGKILL, false, true}) == "killed by SIGKILL (out of memory)");
  CHECK(describe(ExitStatus{0, 42, false, false}) == "killed by signal 42");
}
