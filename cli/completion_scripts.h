// Completion scripts for shells, made from the commands' own parsers, so that they
// cannot be out of date.  Pure.
#pragma once
#include <span>
#include <string>

#include "cli/command_line.h"

namespace mcpctl::cli {

std::string bash_completion(std::span<const CommandWords> commands);
std::string zsh_completion(std::span<const CommandWords> commands);
std::string fish_completion(std::span<const CommandWords> commands);

}  // namespace mcpctl::cli
