// `mcpctl init` beside tini, dumb-init and catatonit: the same cases through each of
// them as PID 1.  All must agree but where a column says whose way we went.
#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

using Words = std::vector<std::string>;

struct Init {
  std::string name;
  Words command;       ///< what stands before the command it runs
  Words to_the_group;  ///< the same, signals going to the whole process group
  int not_found;       ///< its exit code; shells and tini say 127
  int not_executable;  ///< shells and tini say 126
};

const std::vector<Init> inits{
    {"mcpctl", {mcpctl_binary, "init", "--"}, {mcpctl_binary, "init", "-g", "--"}, 127, 126},
    {"tini", {"tini", "--"}, {"tini", "-g", "--"}, 127, 126},
    {"dumb-init", {"dumb-init", "--single-child", "--"}, {"dumb-init", "--"}, 2, 2},
    {"catatonit", {"catatonit", "--"}, {"catatonit", "-g", "--"}, 1, 1},
};

int exit_code_in_namespace(const Words& init, const Words& command) {
  const Folder folder;
  Launch launch;
  launch.argv = {"unshare", "--pid", "--fork", "--mount-proc"};
  launch.argv.insert(launch.argv.end(), init.begin(), init.end());
  launch.argv.insert(launch.argv.end(), command.begin(), command.end());
  launch.env = plain_environment(folder.path());
  return run_to_end(launch).exit_code;
}

int exit_code_of_shell(const Words& init, const std::string& script) {
  return exit_code_in_namespace(init, {"sh", "-c", script});
}

/// Those that can run here; the others are named.
std::vector<Init> present() {
  std::vector<Init> found;
  if (exit_code_in_namespace({}, {"true"}) != 0) {
    MESSAGE("skipped: unshare --pid is not permitted here");
    return found;
  }
  for (const Init& init : inits) {
    if (exit_code_in_namespace(init.command, {"true"}) == 0) {
      found.push_back(init);
    } else {
      MESSAGE("skipped: ", init.name, " is not installed");
    }
  }
  return found;
}

const std::vector<std::string> forwarded{"HUP", "INT", "QUIT", "TERM", "USR1", "USR2"};

}  // namespace

TEST_CASE("init and its peers pass on the same exit codes, and we name a failed start as tini") {
  const Folder folder;
  write_file(folder.file("plain"), "no program\n");

  const std::vector<Init> here = present();

  if (!here.empty()) REQUIRE(here.front().name == "mcpctl");
  for (const Init& init : here) {
    CAPTURE(init.name);
    CHECK(exit_code_of_shell(init.command, "exit 0") == 0);
    CHECK(exit_code_of_shell(init.command, "exit 1") == 1);
    CHECK(exit_code_of_shell(init.command, "exit 143") == 143);
    CHECK(exit_code_of_shell(init.command, "kill -TERM $$") == 143);
    CHECK(exit_code_of_shell(init.command, "kill -KILL $$") == 137);
    CHECK(exit_code_in_namespace(init.command, {"no-such-command"}) == init.not_found);
    CHECK(exit_code_in_namespace(init.command, {folder.file("plain")}) == init.not_executable);
  }
}

TEST_CASE("init and its peers forward every signal to the command") {
  for (const Init& init : present()) {
    for (const std::string& signal : forwarded) {
      CAPTURE(init.name);
      CAPTURE(signal);
      CHECK(exit_code_of_shell(init.command, "trap 'exit 9' " + signal + "; kill -" + signal +
                                                 " 1; for i in $(seq 100); do sleep .1; done") ==
            9);
    }
  }
}

TEST_CASE("init -g and its peers forward every signal to the command's group as well") {
  for (const Init& init : present()) {
    for (const std::string& signal : forwarded) {
      CAPTURE(init.name);
      CAPTURE(signal);
      // The command ignores the signal; its child, of the same group, tells of it.  (A shell
      // cannot trap what it was started with ignored, hence the empty handler.)
      const std::string member = "trap 'exit 9' " + signal + "; kill -" + signal +
                                 " 1; for i in $(seq 100); do sleep .1; done";
      CHECK(exit_code_of_shell(init.to_the_group,
                               "trap : " + signal + "; sh -c \"" + member + "\"; exit $?") == 9);
    }
  }
}

TEST_CASE("init and its peers leave no zombie of a thousand orphans") {
  for (const Init& init : present()) {
    CAPTURE(init.name);
    CHECK(exit_code_of_shell(init.command,
                             "for i in $(seq 1000); do (true &) ; done; for i in $(seq 100); do "
                             "grep -qs '^State:.Z' /proc/[0-9]*/status || exit 9; sleep .1; "
                             "done") == 9);
  }
}

TEST_CASE("init rewrites a signal as dumb-init does, and drops one that becomes 0") {
  const std::string waiting = "; for i in $(seq 5); do sleep .1; done; exit 8";
  for (const Init& init : present()) {
    Words rewriting = init.command, dropping = init.command;
    if (init.name != "mcpctl" && init.name != "dumb-init") continue;
    rewriting.insert(rewriting.end() - 1, {"--rewrite", "15:10"});
    dropping.insert(dropping.end() - 1, {"--rewrite", "15:0"});
    CAPTURE(init.name);
    CHECK(exit_code_of_shell(rewriting, "trap 'exit 9' USR1; kill -TERM 1" + waiting) == 9);
    CHECK(exit_code_of_shell(dropping, "trap 'exit 9' TERM; kill -TERM 1" + waiting) == 8);
  }
}

TEST_CASE("init tells what the command left behind to end, where tini lets the kernel kill it") {
  for (const Init& init : present()) {
    if (init.name != "mcpctl" && init.name != "tini") continue;
    const Folder folder;
    const std::string told = folder.file("told"), up = folder.file("up");

    const int code = exit_code_of_shell(
        init.command, "(trap 'echo TERM > " + told + "; exit' TERM; : > " + up +
                          "; for i in $(seq 100); do sleep .05; done) & until [ -e " + up +
                          " ]; do sleep .05; done; exit 5");

    CAPTURE(init.name);
    CHECK(code == 5);
    CHECK(read_file(told) == (init.name == "mcpctl" ? "TERM\n" : ""));
  }
}
