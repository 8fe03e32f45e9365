// `mcpctl init` beside tini, dumb-init and catatonit: the same cases through each of
// them.  docs/container.md shows the results as a table; `inits` is that table here.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

using Words = std::vector<std::string>;

/// One of them, and where it goes a way of its own.
struct Init {
  std::string name;
  Words command;       ///< what stands before the command it runs
  Words to_the_group;  ///< the same, signals going to the whole process group
  int not_found{127};  ///< its exit code, which is a shell's unless it says so
  int not_executable{126};
  bool rewrites{false};          ///< has --rewrite
  bool ends_the_rest{false};     ///< what the command left behind gets SIGTERM, and time
  bool returns_terminal{false};  ///< its caller can read from the terminal again
  bool can_suspend{false};       ///< Ctrl-Z gives the shell back, fg the command
};

const std::vector<Init> inits{
    {.name = "mcpctl",
     .command = {mcpctl_binary, "init", "--"},
     .to_the_group = {mcpctl_binary, "init", "-g", "--"},
     .rewrites = true,
     .ends_the_rest = true,
     .returns_terminal = true,
     .can_suspend = true},
    {.name = "tini", .command = {"tini", "-s", "--"}, .to_the_group = {"tini", "-s", "-g", "--"}},
    {.name = "dumb-init",
     .command = {"dumb-init", "--single-child", "--"},
     .to_the_group = {"dumb-init", "--"},
     .not_found = 2,
     .not_executable = 2,
     .rewrites = true,
     .returns_terminal = true,
     .can_suspend = true},
    {.name = "catatonit",
     .command = {"catatonit", "--"},
     .to_the_group = {"catatonit", "-g", "--"},
     .not_found = 1,
     .not_executable = 1},
};

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

int exit_code_in_namespace(const Words& words) {
  const Folder folder;
  Launch launch;
  launch.argv = Words{"unshare", "--pid", "--fork", "--mount-proc"} + words;
  launch.env = plain_environment(folder.path());
  return run_to_end(launch).exit_code;
}

int exit_code_of_shell(const Words& init, const std::string& script) {
  return exit_code_in_namespace(init + Words{"sh", "-c", script});
}

/// Those that can run here; the others are named.
std::vector<Init> present() {
  if (!may_make_namespaces()) {
    MESSAGE("skipped: making a pid namespace is not permitted here");
    return {};
  }
  std::vector<Init> found;
  for (const Init& init : inits) {
    if (init.name != "mcpctl" && exit_code_in_namespace(init.command + Words{"true"}) != 0) {
      MESSAGE("skipped: ", init.name, " is not installed");
    } else {
      found.push_back(init);
    }
  }
  return found;
}

/// A line of sh that does nothing until a signal comes, ten seconds at most.
const std::string ten_naps = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & wait $!; done";

const std::vector<std::string> forwarded{"HUP",  "INT",  "QUIT", "TERM",
                                         "USR1", "USR2", "CONT", "WINCH"};

/// A shell on a terminal of its own that runs `script`, "$INIT" being the init.
class TerminalSession {
 public:
  TerminalSession(const Init& init, const std::string& shell, const Words& arguments) {
    Launch launch;
    launch.argv = Words{shell} + arguments;
    launch.env = plain_environment(folder_.path());
    std::string words;
    for (const std::string& word : init.command) words += (words.empty() ? "" : " ") + word;
    launch.env.emplace_back("INIT", words);
    launch.env.emplace_back("PS1", "shell> ");
    launch.on_terminal = true;
    program_.emplace(launch);
  }
  /// Who is stopped, and ignores the end of the terminal, would be left.
  ~TerminalSession() {
    for (const Process& left : all_below(program_->pid())) ::kill(left.pid, SIGKILL);
  }
  TerminalSession(const TerminalSession&) = delete;
  TerminalSession& operator=(const TerminalSession&) = delete;

  void type(const std::string& keys) { program_->type(keys); }
  bool shows(const std::string& text, Milliseconds limit = patience) {
    return eventually([&] { return program_->terminal_text().find(text) != std::string::npos; },
                      limit);
  }
  /// Whether everything below the shell is stopped.
  bool rests() const {
    return std::ranges::all_of(all_below(program_->pid()),
                               [](const Process& each) { return each.state == 'T'; });
  }
  std::optional<int> wait() { return program_->wait(); }
  const std::string& text() { return program_->terminal_text(); }

 private:
  Folder folder_;
  std::optional<Program> program_;
};

const std::string reads_a_line = "$INIT sh -c 'echo ready; read line; echo \"command: $line\"'";

}  // namespace

TEST_CASE("init and its peers pass exit codes on; a failed start is named as by tini") {
  const Folder folder;
  write_file(folder.file("plain"), "no program\n");

  for (const Init& init : present()) {
    CAPTURE(init.name);
    CHECK(exit_code_of_shell(init.command, "exit 0") == 0);
    CHECK(exit_code_of_shell(init.command, "exit 1") == 1);
    CHECK(exit_code_of_shell(init.command, "exit 143") == 143);
    CHECK(exit_code_of_shell(init.command, "kill -TERM $$") == 143);
    CHECK(exit_code_of_shell(init.command, "kill -KILL $$") == 137);
    CHECK(exit_code_in_namespace(init.command + Words{"no-such-command"}) == init.not_found);
    CHECK(exit_code_in_namespace(init.command + Words{folder.file("plain")}) ==
          init.not_executable);
  }
}

TEST_CASE("init and its peers forward every signal to the command") {
  for (const Init& init : present()) {
    for (const std::string& signal : forwarded) {
      CAPTURE(init.name);
      CAPTURE(signal);
      CHECK(exit_code_of_shell(init.command, "trap 'exit 9' " + signal + "; kill -" + signal +
                                                 " 1; " + ten_naps) == 9);
    }
  }
}

TEST_CASE("init -g and its peers forward every signal to the command's group as well") {
  const Folder folder;
  for (const Init& init : present()) {
    for (const std::string& signal : forwarded) {
      CAPTURE(init.name);
      CAPTURE(signal);
      // The command takes no notice of the signal, its child in the same group does.  (A
      // shell cannot trap what it was started with ignored, hence the empty handler.)
      write_file(folder.file("member"),
                 "trap 'exit 9' " + signal + "; kill -" + signal + " 1; " + ten_naps + "\n");
      CHECK(exit_code_of_shell(init.to_the_group, "trap : " + signal + "; sh " +
                                                      folder.file("member") + "; exit $?") == 9);
    }
  }
}

TEST_CASE("init and its peers leave no zombie of three hundred orphans") {
  const std::string script =
      "i=0; while [ $i -lt 300 ]; do (true &); i=$((i+1)); done\n"
      "i=0; while grep -qs '^State:.Z' /proc/[0-9]*/status; do\n"
      "  i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep .1\n"
      "done; exit 9";
  for (const Init& init : present()) {
    CAPTURE(init.name);
    CHECK(exit_code_of_shell(init.command, script) == 9);
  }
}

TEST_CASE("init rewrites a signal as dumb-init does, and drops one that becomes 0") {
  const auto asked = [](const Init& init, const std::string& rewriting) {
    Words words = init.command;
    words.insert(words.end() - 1, {"--rewrite", rewriting});
    return words;
  };
  for (const Init& init : present()) {
    if (!init.rewrites) continue;
    CAPTURE(init.name);
    CHECK(exit_code_of_shell(asked(init, "15:10"),
                             "trap 'exit 9' USR1; kill -TERM 1; " + ten_naps) == 9);
    CHECK(exit_code_of_shell(
              asked(init, "15:0"),
              "trap 'exit 9' TERM; trap 'exit 8' USR1; kill -TERM 1; kill -USR1 1; " + ten_naps) ==
          8);
  }
}

TEST_CASE("init lets what the command left behind end, where its peers let the kernel kill it") {
  for (const Init& init : present()) {
    const Folder folder;
    const std::string told = folder.file("told"), up = folder.file("up");
    write_file(folder.file("left"),
               "trap 'echo TERM > " + told + "; exit' TERM; : > " + up + "\n" + ten_naps + "\n");

    const int code =
        exit_code_of_shell(init.command, "setsid sh " + folder.file("left") + " & until [ -e " +
                                             up + " ]; do sleep .05; done; exit 5");

    CAPTURE(init.name);
    CHECK(code == 5);
    CHECK(read_file(told) == (init.ends_the_rest ? "TERM\n" : ""));
  }
}

TEST_CASE("the command of init and its peers reads from the terminal, and hears Ctrl-C") {
  for (const Init& init : present()) {
    CAPTURE(init.name);
    TerminalSession session{init, "sh", {"-c", "exec " + reads_a_line}};
    REQUIRE(session.shows("ready"));
    session.type("typed\n");
    CHECK(session.shows("command: typed"));
    CHECK(session.wait() == 0);

    TerminalSession interrupted{
        init, "sh", {"-c", "exec $INIT sh -c 'trap \"exit 9\" INT; echo ready; read line'"}};
    REQUIRE(interrupted.shows("ready"));
    interrupted.type("\x03");
    CHECK(interrupted.wait() == 9);
  }
}

TEST_CASE("init gives the terminal back to its caller") {
  for (const Init& init : present()) {
    TerminalSession session{
        init,
        "sh",
        {"-c", reads_a_line + "; echo again; read line && echo \"caller: $line\"; exit 3"}};
    REQUIRE(session.shows("ready"));
    session.type("one\n");
    REQUIRE(session.shows("command: one"));
    session.type("two\n");

    CAPTURE(init.name);
    CAPTURE(session.text());
    CHECK(session.shows("caller: two", init.returns_terminal ? patience : 500ms) ==
          init.returns_terminal);
  }
}

TEST_CASE("Ctrl-Z gives the shell of init's command back, and fg the command") {
  for (const Init& init : present()) {
    TerminalSession session{init, "bash", {"--norc", "--noediting", "-i"}};
    REQUIRE(session.shows("shell> "));
    session.type(reads_a_line + "\n");
    REQUIRE(session.shows("\nready"));
    session.type("\x1a");

    CAPTURE(init.name);
    CAPTURE(session.text());
    CHECK(session.shows("Stopped", init.can_suspend ? patience : 500ms) == init.can_suspend);
    if (!init.can_suspend) continue;
    // Who is told to stop while it waits for a line may still take its first byte.
    REQUIRE(eventually([&] { return session.rests(); }));
    // What comes before its prompt the shell may throw away.
    REQUIRE(eventually([&] { return session.text().ends_with("shell> "); }));
    session.type("fg\n");
    session.type("typed\n");
    CHECK(session.shows("command: typed"));
  }
}
