// Everything that descends from this process, found in /proc and ended.  Allocates
// nothing, so that the warden can use it at any time.  Spares children that were
// here before we were (`helper & exec mcpctl run`): they are not ours.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "loop/fd.h"
#include "spawn/proc.h"

namespace mcpctl::signals {

/// How long what was killed may take to be gone.
inline constexpr Duration kill_limit{2'000};

class Descendants {
 public:
  /// Notes the children that exist now, to spare them.  Looks at all of /proc only where
  /// the kernel does not list children.
  Descendants() noexcept;

  /// Sends `signal` once to every live descendant; how many there were.  0 counts
  /// them only.  Never reaches a recycled pid.
  std::size_t signal_all(int signal) noexcept;

  /// Kills and reaps until none is left or `limit` has passed.  As PID 1 everything
  /// in our pid namespace goes, at one stroke.  Expects SIGCHLD to be blocked.
  struct Ended {
    std::size_t killed{0};     ///< that were there when it began
    std::size_t surviving{0};  ///< that are there still
  };
  Ended kill_all(Duration limit) noexcept;

 private:
  struct Prior {
    pid_t pid;
    std::uint64_t start_time;
  };
  static constexpr std::size_t prior_max = 64;

  bool is_descendant(const spawn::ProcessStat& process) noexcept;
  /// What of our descendants is left; unknown where the kernel does not list children.
  enum class Left : std::uint8_t { nobody, somebody, unknown };

  /// Kills our children as they are adopted, at once and again, some milliseconds at
  /// most: of a chain of processes that each fork the next and end, the link that a
  /// look at all of /proc shows has ended when its signal comes.
  Left chase() noexcept;
  bool is_prior_pid(pid_t pid) const noexcept;
  bool is_prior(const spawn::ProcessStat& child) const noexcept;

  loop::Fd proc_;
  std::array<Prior, prior_max> prior_{};
  std::size_t prior_count_{0};
};

/// Takes the exit statuses of all children that have ended; whether there are others.
bool reap_all() noexcept;

}  // namespace mcpctl::signals
