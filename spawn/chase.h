// Ends what is born while a snapshot is being worked through.  Of a chain of processes
// that each fork the next and end, the link that a snapshot shows has ended when its
// signal comes; so this looks at nothing but the children of those who adopt them,
// where the next link appears, and again while they change: some milliseconds at most.
#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "spawn/process_table.h"

namespace mcpctl::spawn {

struct Chase {
  std::size_t killed{0};
  /// The last look found nobody to kill, and could tell of everybody whose he is.
  bool is_certain{false};
};

/// SIGKILL to the children of `parents`, born since the snapshot, whose cookie `is_prey`.
Chase chase_newcomers(ProcessTable& table, std::span<const pid_t> parents,
                      const std::function<bool(std::string_view cookie)>& is_prey);

}  // namespace mcpctl::spawn
