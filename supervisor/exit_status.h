// How a process ended, and how an operator would say it.
#pragma once
#include <string>

namespace mcpctl::supervisor {

struct ExitStatus {
  int code{0};    ///< valid when signal is 0
  int signal{0};  ///< the signal that ended the process, else 0
  bool core_dumped{false};
  bool out_of_memory{false};  ///< the kernel's OOM killer chose it
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// "exit code 1", "exit code 78 (configuration error)", "killed by SIGSEGV (core
/// dumped)", "killed by SIGKILL (out of memory)".
std::string describe(const ExitStatus& status);

/// "SIGTERM"; "signal 42" for one without a name.
std::string signal_name(int signal);

}  // namespace mcpctl::supervisor
