// One command of mcpctl: its options, its help, what it does.  The list of all of
// them is in cli/command_line.cc.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/find_fleet.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace mcpctl::cli {

class Command {
 public:
  virtual ~Command() = default;
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  virtual std::string_view name() const = 0;
  /// One line for the list of commands.
  virtual std::string_view summary() const = 0;
  /// Adds arguments, options and an example to the command's own parser.
  virtual void declare(CLI::App& app) = 0;
  /// What stands behind "--", untouched by the parser.  Only `init` wants any.
  virtual bool take_command(std::vector<std::string> words) { return words.empty(); }
  /// Runs after parsing; returns the exit status (cli/exit_code.h).
  virtual int run() = 0;
};

// Shared by many commands.

/// -c FILE and --fleet NAME.
void add_fleet_options(CLI::App& app, FleetChoice& choice);

/// "mcpctl: MESSAGE" on stderr; returns `exit_code`.
int complain(std::string_view message, int exit_code);

/// Writes all of it to stdout, blocking; a reader that left is no error.
void print(std::string_view text);

// Every command there is.
std::unique_ptr<Command> make_run();
std::unique_ptr<Command> make_check();
std::unique_ptr<Command> make_doctor();
std::unique_ptr<Command> make_ps();
std::unique_ptr<Command> make_top();
std::unique_ptr<Command> make_control(std::string_view verb);  ///< start, stop, …
std::unique_ptr<Command> make_wait();
std::unique_ptr<Command> make_logs();
std::unique_ptr<Command> make_events();
std::unique_ptr<Command> make_reload();
std::unique_ptr<Command> make_up();
std::unique_ptr<Command> make_down();
std::unique_ptr<Command> make_config();
std::unique_ptr<Command> make_init();
std::unique_ptr<Command> make_offers(std::string_view kind);  ///< tools, prompts, resources
std::unique_ptr<Command> make_ping();
std::unique_ptr<Command> make_sessions();
std::unique_ptr<Command> make_call();
std::unique_ptr<Command> make_read();
std::unique_ptr<Command> make_connect();
std::unique_ptr<Command> make_client_config();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_version();

}  // namespace mcpctl::cli
