// `mcpctl run --exit-on`: a fleet whose life is that of its servers ends by itself,
// with an exit status that says what happened, and leaves nothing behind.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

const Json once{{"restart", "never"}};

Json ends_with(int code, Json ours = once) {
  return companion({"exit", "--after=50", "--code=" + std::to_string(code)}, std::move(ours));
}

Json last_transition(const Fleet& fleet) {
  const auto history = fleet.transitions();
  REQUIRE_FALSE(history.empty());
  return history.back();
}

Outcome run_here(Fleet& fleet, std::vector<std::string> words) {
  words.insert(words.begin(), "run");
  words.push_back(fleet.config_file());
  return fleet.control(std::move(words));
}

}  // namespace

TEST_CASE("all-done ends with 0 when every server completed, and not before") {
  Fleet fleet{Json{{"quick", ends_with(0)},
                   {"slow", companion({"exit", "--after=400", "--code=0"}, once)},
                   {"sidecar", misbehaving({}, {{"required", false}})}},
              quick()};

  fleet.start({"--exit-on", "all-done"});

  CHECK(fleet.stop(0).exit_code == 0);
  CHECK(last_transition(fleet)["server"] == "sidecar");  // kept until the others were done
  CHECK(last_transition(fleet)["to"] == "stopped");
  CHECK(fleet.said("every server is done: stopping"));
}

TEST_CASE("all-done ends with 1 when a server failed, and those who wait for it never will run") {
  Fleet fleet{Json{{"migration", ends_with(3)},
                   {"web", misbehaving({}, {{"dependsOn", {{"migration", "completed"}}}})}},
              quick()};

  fleet.start({"--exit-on", "all-done"});

  CHECK(fleet.stop(0).exit_code == 1);
  CHECK(fleet.said("every server is done, and not all succeeded: migration"));
}

TEST_CASE("all-done follows a chain of jobs to its end") {
  Fleet fleet{
      Json{{"one", ends_with(0)},
           {"two", ends_with(0, {{"restart", "never"}, {"dependsOn", {{"one", "completed"}}}})},
           {"three", ends_with(0, {{"restart", "never"}, {"dependsOn", {{"two", "completed"}}}})}},
      quick()};

  fleet.start({"--exit-on", "all-done"});

  CHECK(fleet.stop(0).exit_code == 0);
  CHECK(last_transition(fleet)["server"] == "three");
}

TEST_CASE("any-failed stops the others and ends with 1") {
  Fleet fleet{Json{{"steady", misbehaving({"stubborn"})}, {"broken", ends_with(9)}}, quick()};

  fleet.start({"--exit-on", "any-failed"});

  CHECK(fleet.stop(0).exit_code == 1);
  CHECK(fleet.said("broken has failed: stopping"));
}

TEST_CASE("a main server's end ends the fleet with its own status") {
  const std::string rule = "main=web";
  int expected = 0;
  Json web;
  SUBCASE("a code") { web = ends_with(expected = 42); }
  SUBCASE("success") { web = ends_with(expected = 0); }
  SUBCASE("a signal") {
    expected = 128 + SIGSEGV;
    web = companion({"crash", "--after=50"}, once);
    web["env"] = {{"ASAN_OPTIONS", "handle_segv=0"}};
  }
  SUBCASE("a command that is not there") {
    expected = 127;
    web = Json{{"command", "/nonexistent/web"}, {"x-mcpctl", once}};
  }
  SUBCASE("a command that is not in PATH") {
    expected = 127;
    web = Json{{"command", "no-such-command"}, {"x-mcpctl", once}};
  }
  SUBCASE("a file that is no program") {
    expected = 126;
    web = Json{{"command", "/etc/passwd"}, {"x-mcpctl", once}};
  }
  Fleet fleet{Json{{"web", web}, {"redis", misbehaving({})}}, quick()};

  fleet.start({"--exit-on", rule});

  CHECK(fleet.stop(0).exit_code == expected);
}

TEST_CASE("as PID 1 the main server's status is the container's") {
  Fleet fleet{Json{{"main", ends_with(7)}, {"redis", misbehaving({"daemon"})}}, quick()};
  const std::vector<std::string> container{"unshare", "--pid", "--fork", "--mount-proc"};
  const Folder folder;
  std::vector<std::string> trial = container;
  trial.push_back("true");
  if (run_to_end({trial, "", plain_environment(folder.path()), "", "", false}).exit_code != 0) {
    MESSAGE("skipped: unshare --pid is not permitted here");
    return;
  }

  fleet.start({"--exit-on", "main"}, container);

  CHECK(fleet.stop(0).exit_code == 7);
}

TEST_CASE("a signal ends a fleet with an exit rule as any other") {
  Fleet fleet{Json{{"main", misbehaving({}, once)}}, quick()};
  fleet.start({"--exit-on", "main"});
  fleet.await("main", "ready");

  CHECK(fleet.stop(SIGTERM).exit_code == 0);
}

TEST_CASE("a main server that is crash-looping is restarted until it has failed") {
  Json ours = quick();
  ours["defaults"]["crashLoop"] = {{"failures", 3}, {"window", "1m"}};
  Fleet fleet{Json{{"main", ends_with(5, {{"restart", "on-failure"}})}}, ours};

  fleet.start({"--exit-on", "main"});

  CHECK(fleet.stop(0).exit_code == 5);
  CHECK(fleet.said("main has failed, exit code 5: stopping"));
}

TEST_CASE("--exit-on refuses what it does not know, and warns of a main that never ends") {
  Fleet fleet{Json{{"weather", ends_with(0, Json::object())}}, quick()};

  const Outcome rule = run_here(fleet, {"--exit-on", "all-don"});
  CHECK(rule.exit_code == 2);
  CHECK(rule.err ==
        "mcpctl: cannot end the fleet on \"all-don\"; expected main, main=NAME, any-failed or "
        "all-done; did you mean \"all-done\"?\n");

  const Outcome name = run_here(fleet, {"--exit-on", "main=wether"});
  CHECK(name.exit_code == 2);
  CHECK(name.err ==
        "mcpctl: --exit-on main: no server \"wether\" in this fleet; did you mean \"weather\"?\n");

  fleet.start({"--exit-on", "main=weather"});
  fleet.await_words("\"weather\" is restarted when it exits, which ends nothing");
  fleet.await_words("1 servers from");  // from here on signals are heard
  CHECK(fleet.stop().exit_code == 0);
}
