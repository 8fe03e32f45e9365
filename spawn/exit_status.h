// How a process ended, and the one place that reaps a child of ours.
#pragma once
#include <sys/types.h>

#include <expected>
#include <optional>

#include "spawn/spawner.h"

namespace mcpctl::spawn {

struct ExitStatus {
  int code{0};    ///< exit(3)'s, if signal is 0
  int signal{0};  ///< the signal that killed it, or 0
  bool core_dumped{false};
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// Takes the exit status of `child` if it has ended; nullopt while it runs, and
/// error ECHILD if somebody else took it.  Never blocks.  waitid(2), P_PIDFD.
std::expected<std::optional<ExitStatus>, int> try_reap(const Child& child);

/// Whether `child` has not been reaped yet, so that its pid and the number of its
/// process group cannot have passed to anybody else.
bool is_unreaped(const Child& child);

}  // namespace mcpctl::spawn
