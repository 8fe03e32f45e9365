// Shells' convention for exit codes, in the one place that knows it.
#pragma once
#include <sys/wait.h>

namespace mcpctl::signals {

/// The exit code that stands for a wait status (waitpid(2)): the program's own, or
/// 128+N when signal N killed it.
inline int exit_code_of(int status) noexcept {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace mcpctl::signals
