// From argv to one command's exit status: parses, explains what is wrong with it and
// suggests what was meant.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"

namespace mcpctl::cli {

/// Whether the command that is named runs under a warden.  The warden comes first, in
/// main(): what runs before it stays in its memory, and runs from other pages in the
/// supervisor.
bool has_warden(int argc, const char* const* argv);

int run_command_line(int argc, const char* const* argv);

/// In the order of the help.
std::vector<std::unique_ptr<Command>> all_commands();

/// Names an option of a command, as completion and typing errors need it.
struct OptionWords {
  std::string long_name;   ///< "--json"; may be empty
  std::string short_name;  ///< "-f"; may be empty
  std::string help;
  bool takes_value{false};
  bool takes_file{false};
};

struct CommandWords {
  std::string name;
  std::string summary;
  bool takes_servers{false};  ///< its arguments are names of servers
  bool takes_files{false};
  std::vector<OptionWords> options;
};

/// Every command with its options, read from the parsers themselves.
std::vector<CommandWords> command_words();

}  // namespace mcpctl::cli
