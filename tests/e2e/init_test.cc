// PID 1 duties: of `mcpctl init` for one command, and of `mcpctl run` as the entry
// point of a container (here: a pid namespace).
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

int exit_code_of(std::vector<std::string> words) {
  const Folder folder;
  words.insert(words.begin(), {mcpctl_binary, "init"});
  Launch launch;
  launch.argv = std::move(words);
  launch.env = plain_environment(folder.path());
  return run_to_end(launch).exit_code;
}

const std::vector<std::string> in_namespace{"unshare", "--pid", "--fork", "--mount-proc"};

/// The process that is PID 1 in there: what unshare forked.
pid_t first_process(Fleet& fleet) {
  const std::vector<Process> children = children_of(fleet.program().pid());
  return children.empty() ? nobody : children.front().pid;
}

std::ptrdiff_t zombies_below(pid_t ancestor) {
  return std::ranges::count(all_below(ancestor), 'Z', &Process::state);
}

}  // namespace

TEST_CASE("init passes the exit code on as a shell would") {
  const Folder folder;
  write_file(folder.file("plain"), "no program\n");

  CHECK(exit_code_of({"--", "true"}) == 0);
  CHECK(exit_code_of({"--", "sh", "-c", "exit 7"}) == 7);
  CHECK(exit_code_of({"--", "sh", "-c", "kill -TERM $$"}) == 143);
  CHECK(exit_code_of({"--", "sh", "-c", "kill -KILL $$"}) == 137);
  CHECK(exit_code_of({"--", "no-such-command"}) == 127);
  CHECK(exit_code_of({"--", folder.file("plain")}) == 126);
  CHECK(exit_code_of({"--rewrite", "nonsense", "--", "true"}) == 2);
}

TEST_CASE("init forwards signals, rewritten where asked") {
  struct Case {
    std::vector<std::string> options;
    int sent;
    int expected;
  };
  const std::vector<Case> cases{
      {{}, SIGTERM, 9}, {{}, SIGUSR1, 128 + SIGUSR1}, {{"--rewrite", "HUP:TERM"}, SIGHUP, 9}};
  for (const Case& each : cases) {
    const Folder folder;
    Launch launch;
    launch.argv = {mcpctl_binary, "init"};
    launch.argv.insert(launch.argv.end(), each.options.begin(), each.options.end());
    const std::vector<std::string> command{
        "--",       misbehave_binary,  "--mode=process",  "--mode=exit-on-term",
        "--code=9", "--mode=log-line", "--text=listening"};
    launch.argv.insert(launch.argv.end(), command.begin(), command.end());
    launch.env = plain_environment(folder.path());
    launch.stdout_file = launch.stderr_file = folder.file("out");
    Program init{launch};
    REQUIRE(eventually([&] { return read_file(folder.file("out")) == "listening\n"; }));

    init.signal(each.sent);

    CHECK(init.wait() == each.expected);
  }
}

TEST_CASE("init leaves nothing behind and waits for it no longer than its grace") {
  const Folder folder;
  const std::string pids = folder.file("pids");

  const auto start = Clock::now();
  const int code = exit_code_of({"--grace", "200ms", "--", misbehave_binary, "--mode=daemon",
                                 "--mode=session-child", "--count=2", "--mode=exit", "--code=5",
                                 "--pids=" + pids});

  CHECK(code == 5);
  CHECK(since(start) < 5s);
  REQUIRE(recorded_pids(pids).size() == 5);
  for (const pid_t pid : recorded_pids(pids)) CHECK_FALSE(is_alive(pid));
}

TEST_CASE("as PID 1 a fleet runs, orphans are reaped, and the end comes within eight seconds") {
  if (!may_make_namespaces()) {
    MESSAGE("skipped: unshare --pid is not permitted here");
    return;
  }
  Json ours = quick("60s");
  Fleet fleet{Json{{"polite", misbehaving({})},
                   {"orphans", misbehaving({"daemon", "--count=5", "--linger=300"})},
                   {"stubborn", misbehaving({"stubborn", "daemon"})}},
              ours};
  fleet.start({}, in_namespace);
  fleet.await_all("ready");
  const pid_t init = first_process(fleet);
  REQUIRE(init != nobody);
  CHECK(eventually([&] { return fleet.processes_of("orphans").size() == 1; }));
  CHECK(eventually([&] { return zombies_below(init) == 0; }, 2'000ms));

  const auto start = Clock::now();
  ::kill(init, SIGTERM);
  const Ended ended = fleet.stop(0);

  CHECK(since(start) < 8'000ms + soon);
  CHECK(ended.exit_code == 0);
}

TEST_CASE("as PID 1, kill -9 of the supervisor ends the namespace with 137") {
  if (!may_make_namespaces()) {
    MESSAGE("skipped: unshare --pid is not permitted here");
    return;
  }
  Fleet fleet{Json{{"daemons", misbehaving({"daemon", "--count=3", "session-child"})},
                   {"chain", misbehaving({"chain", "--interval=5"})}},
              quick()};
  fleet.start({}, in_namespace);
  fleet.await_all("ready");
  const std::vector<Process> children = children_of(first_process(fleet));
  REQUIRE_FALSE(children.empty());
  REQUIRE(children.front().command == "mcpctl");

  ::kill(children.front().pid, SIGKILL);

  CHECK(fleet.program().wait(2'000ms) == 137);
  fleet.expect_nothing_left(1'000ms);
}

TEST_CASE("as PID 1, one Ctrl-C and SIGTERM of a polite fleet are exit code 0") {
  if (!may_make_namespaces()) {
    MESSAGE("skipped: unshare --pid is not permitted here");
    return;
  }
  for (const int signal : {SIGINT, SIGTERM}) {
    Fleet fleet{Json{{"polite", misbehaving({"daemon"})}}, quick()};
    fleet.start({}, in_namespace);
    fleet.await_all("ready");

    ::kill(first_process(fleet), signal);

    CHECK(fleet.stop(0).exit_code == 0);
  }
}
