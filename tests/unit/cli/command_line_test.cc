#include "cli/command_line.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <set>

#include "cli/completion_scripts.h"
#include "cli/exit_code.h"

using namespace mcpctl::cli;

namespace {

struct Ran {
  int status;
  std::string words;
};

/// Runs mcpctl with these words; what it says on stderr and stdout is caught.
Ran typed(std::vector<const char*> words) {
  words.insert(words.begin(), "mcpctl");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  const int out = ::dup(1);
  const int err = ::dup(2);
  ::dup2(ends[1], 1);
  ::dup2(ends[1], 2);
  const int status = run_command_line(static_cast<int>(words.size()), words.data());
  ::dup2(out, 1);
  ::dup2(err, 2);
  for (const int fd : {out, err, ends[1]}) ::close(fd);
  std::string text(1 << 20, '\0');
  const ssize_t length = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  return {status, text};
}

}  // namespace

TEST_CASE("a mistyped command is answered with the one that was meant") {
  const Ran ran = typed({"restrat", "weather"});

  CHECK(ran.status == exit_usage);
  CHECK(ran.words ==
        "mcpctl: no command \"restrat\"; did you mean \"restart\"? (mcpctl --help lists the "
        "commands)\n");
}

TEST_CASE("a mistyped option is answered with the one that was meant") {
  const Ran ran = typed({"ps", "--jsno"});

  CHECK(ran.status == exit_usage);
  CHECK(ran.words ==
        "mcpctl: ps: no option --jsno; did you mean \"--json\"? (see mcpctl ps "
        "--help)\n");
}

TEST_CASE("without a command the help is shown, as a usage error") {
  const Ran ran = typed({});

  CHECK(ran.status == exit_usage);
  CHECK(ran.words.find("Commands:") != std::string::npos);
}

TEST_CASE("the help fits a screen and every command has an example") {
  const Ran help = typed({"--help"});

  CHECK(help.status == exit_ok);
  CHECK(std::ranges::count(help.words, '\n') <= 40);
  for (const auto& command : all_commands()) {
    const std::string name{command->name()};
    CAPTURE(name);
    const Ran ran = typed({name.c_str(), "--help"});
    CHECK(ran.status == exit_ok);
    CHECK(ran.words.find("Example: mcpctl " + name) != std::string::npos);
    CHECK(help.words.find("  " + name) != std::string::npos);
  }
}

TEST_CASE("a duration without a unit is a usage error that says so") {
  const Ran ran = typed({"wait", "--timeout", "30"});

  CHECK(ran.status == exit_usage);
  CHECK(ran.words.find("--timeout: ") != std::string::npos);
}

TEST_CASE("kill and reset want names, or --all, said aloud") {
  CHECK(typed({"kill"}).words == "mcpctl: kill: name servers, or say --all\n");
  CHECK(typed({"reset"}).status == exit_usage);
}

TEST_CASE("a configuration that does not exist is named") {
  const Ran ran = typed({"check", "/nonexistent/mcp.json"});

  CHECK(ran.status == exit_config);
  CHECK(ran.words == "mcpctl: cannot find the configuration /nonexistent/mcp.json: no such file\n");
}

TEST_CASE("init explains a signal it does not know") {
  const Ran ran = typed({"init", "--rewrite", "TREM:INT", "--", "true"});

  CHECK(ran.status == exit_usage);
  CHECK(ran.words == "mcpctl: --rewrite TREM:INT: two signals, as 15:2 or TERM:INT\n");
}

TEST_CASE("what stands behind -- belongs to the command that init runs, options and all") {
  CHECK(typed({"init", "--", "sh", "-c", "exit 7"}).status == 7);
  CHECK(typed({"init", "--rewrite", "15:2", "--", "sh", "-c", "echo --help; exit 3"}).words ==
        "--help\n");
  CHECK(typed({"init"}).words == "mcpctl: init: put the command behind --\n");
  CHECK(typed({"ps", "--", "x"}).words == "mcpctl: ps: nothing may stand behind --\n");
}

TEST_CASE("completion knows every command and option, and which take servers") {
  const auto words = command_words();

  std::set<std::string> servers;
  for (const CommandWords& command : words) {
    if (command.takes_servers) servers.insert(command.name);
  }
  CHECK(servers == std::set<std::string>{"connect", "events", "kill", "logs", "ping", "prompts",
                                         "reset", "resources", "restart", "start", "stop", "tools",
                                         "wait"});
  const std::string bash = bash_completion(words);
  CHECK(bash.find("ps) words='--help --config --fleet --json --watch';") != std::string::npos);
  CHECK(fish_completion(words).find("-n '__fish_seen_subcommand_from logs' -l follow -s f -d") !=
        std::string::npos);
  CHECK(zsh_completion(words).find("'--config[The fleet that runs from FILE]:file:_files'") !=
        std::string::npos);
}

TEST_CASE("the list of commands fits a terminal of 80 columns") {
  const Ran ran = typed({"--help"});

  CHECK(ran.status == exit_ok);
  for (std::size_t at = 0; at < ran.words.size();) {
    const std::size_t end = std::min(ran.words.find('\n', at), ran.words.size());
    CAPTURE(ran.words.substr(at, end - at));
    CHECK(end - at <= 80);
    at = end + 1;
  }
}

TEST_CASE("every help fits a terminal of 80 columns and 24 lines, and shows an example") {
  for (const CommandWords& command : command_words()) {
    const Ran ran = typed({command.name.c_str(), "--help"});

    CAPTURE(command.name);
    CHECK(ran.status == exit_ok);
    CHECK(ran.words.find("Example: mcpctl " + command.name) != std::string::npos);
    CHECK(std::ranges::count(ran.words, '\n') <= 24);
    for (std::size_t at = 0; at < ran.words.size();) {
      const std::size_t end = std::min(ran.words.find('\n', at), ran.words.size());
      CAPTURE(ran.words.substr(at, end - at));
      CHECK(end - at <= 80);
      at = end + 1;
    }
  }
}
