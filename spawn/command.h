// Finds the program that a configured command means, as a shell would, but before
// the spawn: then a missing program is named together with the PATH searched.
#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpctl::spawn {

/// Why there is nothing to execute.
struct NoProgram : Error {
  int shell_code{127};       ///< a shell's exit code: 127 not found, 126 found, not executable
  bool mends_itself{false};  ///< as of SpawnFailure: nobody could look just now
};

/// Whether what failed with this errno may succeed later with nothing repaired.
bool mends_itself(int error) noexcept;

/// The path of the executable `name`.  With a '/' in it the name is a path,
/// relative to `cwd`; otherwise the directories of `path_variable` are searched
/// (empty entries mean `cwd`, as in POSIX; relative ones are relative to it).
/// Fails with what an operator needs to know: "npx not found in PATH=/usr/bin:/bin"
/// or "/usr/bin/npx: Permission denied".  Checks with the real user id, access(2).
std::expected<std::string, NoProgram> resolve_command(std::string_view name,
                                                      std::string_view path_variable,
                                                      std::string_view cwd);

}  // namespace mcpctl::spawn
