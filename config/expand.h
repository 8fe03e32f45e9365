// ${…} in the users' strings, as the MCP hosts write it (Claude Code: ${VAR} and
// ${VAR:-default}; VS Code and Cursor: ${env:VAR}, ${input:id}, ${workspaceFolder},
// ${userHome}).  Pure; the environment comes from the World.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/world.h"

namespace mcpctl::config {

/// Stands for the port that a server is given; no other variable is known so late.
inline constexpr std::string_view port_variable = "${PORT}";

/// Where a string stands, for the folders that variables name.
struct Scope {
  const World* world{nullptr};  ///< borrowed
  std::string folder;           ///< of the file; relative paths start here
  std::string workspace;        ///< ${workspaceFolder}: `folder`, or the parent of a .vscode
};

Scope scope_of(const std::string& file, const World& world);

struct Expansion {
  std::string text;
  std::vector<std::string> missing;    ///< why, for each thing without a value; no values in it
  std::vector<std::string> untouched;  ///< forms we do not know and left as they stood
  std::vector<std::string> secrets;    ///< values of secret-looking variables and of all inputs
  bool uses_port{false};
};

/// "$${" stands for a literal "${".  ${PORT} stays, for with_port().
/// ${VAR:-default} also takes the default when VAR is empty, as shells do.
Expansion expand(std::string_view text, const Scope& scope);

/// `text` such that expand() gives it back, but for ${PORT}, which stays.
std::string escape_expansion(std::string_view text);

/// `path` seen from `folder`: "~/x" is under home, relative ones are joined.
std::string resolve_path(std::string_view path, const std::string& folder, const std::string& home);

}  // namespace mcpctl::config
