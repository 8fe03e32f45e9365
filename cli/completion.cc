// mcpctl completion: a script for the user's shell.
#include <CLI/CLI.hpp>
#include <string>

#include "cli/command.h"
#include "cli/completion_scripts.h"
#include "cli/exit_code.h"

namespace mcpctl::cli {
namespace {

class Completion final : public Command {
 public:
  std::string_view name() const override { return "completion"; }
  std::string_view summary() const override { return "Print a completion script for a shell"; }

  void declare(CLI::App& app) override {
    app.add_option("shell", shell_, "bash, zsh or fish")
        ->type_name("SHELL")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    app.footer("Example: mcpctl completion bash > ~/.bash_completion");
  }

  int run() override {
    const auto commands = command_words();
    if (shell_ == "bash") print(bash_completion(commands));
    if (shell_ == "zsh") print(zsh_completion(commands));
    if (shell_ == "fish") print(fish_completion(commands));
    return exit_ok;
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion() { return std::make_unique<Completion>(); }

}  // namespace mcpctl::cli
