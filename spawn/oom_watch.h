// Tells a kill for lack of memory from any other where servers have no memory
// controller of their own: a container or a unit has a limit, and the kernel counts
// there whom it killed.  The count does not say whom; it is asked when a server came
// to a bad end.
#pragma once
#include <cstdint>
#include <string>

#include "loop/fd.h"
#include "spawn/own_cgroup.h"

namespace mcpctl::spawn {

class OomWatch {
 public:
  /// Watches nothing.
  OomWatch() = default;
  /// `file` has a line "oom_kill N".
  explicit OomWatch(const std::string& file);
  /// Our own control group, of either version; nothing where that cannot be read.
  static OomWatch of(const OwnCgroups& own);

  /// Whether the kernel has killed anybody since the last call, or the start.
  bool has_killed();

 private:
  std::uint64_t count() const;

  loop::Fd file_;
  std::uint64_t seen_{0};
};

}  // namespace mcpctl::spawn
