// The completion scripts in the shells they are for, with the Tab key on a real terminal.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "screen.h"

using namespace mcpctl::e2e;

namespace {

const std::string path_line = "PATH=" MCPCTL_BINARY_DIR ":$PATH";

bool has_shell(Fleet& fleet, const std::string& name) {
  if (fleet.run_beside({"sh", "-c", "command -v " + name}).exit_code == 0) return true;
  MESSAGE("skipped: ", name, " is not installed");
  return false;
}

/// Puts the script for `shell` where that shell looks for it.
void install(Fleet& fleet, const std::string& shell, const std::string& folder,
             const std::string& file) {
  std::filesystem::create_directories(fleet.file(folder));
  const Outcome script = fleet.control({"completion", shell});
  REQUIRE(script.exit_code == 0);
  write_file(fleet.file(folder + "/" + file), script.out);
}

/// What Tab makes of what was typed.
void expect_completions(Fleet& fleet, const std::string& command) {
  Screen screen{fleet, command};
  screen.await("shell>");
  const auto completes = [&](const std::string& typed, const std::string& completed) {
    screen.type({typed, "Tab"});
    screen.await("shell> " + completed);
    screen.type({"C-u"});
  };
  completes("mcpctl lo", "mcpctl logs");
  completes("mcpctl comp", "mcpctl completion");
  completes("mcpctl logs --fol", "mcpctl logs --follow");
  completes("mcpctl restart al", "mcpctl restart alpha-one");
  completes("mcpctl run m", "mcpctl run mcp.json");
}

/// A shell that finds the script `script` and the settings `rc` in its folders.
struct Shell {
  std::string name;
  std::string folder;  ///< of the script
  std::string script;
  std::string rc;
  std::string settings;
  std::string start;
};

void completes_in(const Shell& shell) {
  Fleet fleet{Json{{"alpha-one", misbehaving({})}, {"beta", misbehaving({})}}, quick()};
  if (!Screen::is_available(fleet) || !has_shell(fleet, shell.name)) return;
  fleet.start();
  fleet.await_all("ready");
  install(fleet, shell.name, shell.folder, shell.script);
  write_file(fleet.file(shell.rc), shell.settings);

  expect_completions(fleet, shell.start);

  CHECK(fleet.stop().exit_code == 0);
}

}  // namespace

TEST_CASE("bash completes commands, options, files and the names of running servers") {
  completes_in({.name = "bash",
                .folder = "bash",
                .script = "mcpctl",
                .rc = "bash/rc",
                .settings = path_line + "\nPS1='shell> '\n. bash/mcpctl\n",
                .start = "exec bash --rcfile bash/rc -i"});
}

TEST_CASE("zsh completes commands, options, files and the names of running servers") {
  completes_in({.name = "zsh",
                .folder = "zsh",
                .script = "_mcpctl",
                .rc = "zsh/.zshrc",
                .settings = path_line + "\nPROMPT='shell> '\nbindkey -e\nfpath=($PWD/zsh $fpath)\n"
                                        "autoload -Uz compinit\ncompinit -u -d zsh/dump\n",
                .start = "ZDOTDIR=$PWD/zsh exec zsh -d -i"});
}

TEST_CASE("fish completes commands, options, files and the names of running servers") {
  completes_in({.name = "fish",
                .folder = ".config/fish/completions",
                .script = "mcpctl.fish",
                .rc = ".config/fish/config.fish",
                .settings = "set -x PATH " MCPCTL_BINARY_DIR " $PATH\nset fish_greeting\n"
                            "set fish_autosuggestion_enabled 0\n"
                            "function fish_prompt; echo -n 'shell> '; end\n",
                .start = "exec fish -i"});
}
