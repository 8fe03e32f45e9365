// Control groups of version 2, where the machine lets us make them: one directory
// per run of a fleet, one below it per incarnation of a server.  They make a tree
// kill atomic, bound memory and processes, and tell an out-of-memory kill from any
// other.
// Everything works without them; then create() says why there are none.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/fd.h"
#include "spawn/cgroup_delegation.h"

namespace mcpctl::spawn {

struct CgroupLimits {
  std::uint64_t memory{0};  ///< bytes of the whole tree; 0: none
  std::uint64_t pids{0};    ///< processes and threads of the whole tree; 0: none
};

/// The control group of one incarnation of a server.  Dropping it removes the
/// directory if it is empty.
class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(loop::Fd directory, std::string name);
  Cgroup(Cgroup&&) noexcept = default;
  Cgroup& operator=(Cgroup&& other) noexcept;
  ~Cgroup();

  /// The directory, borrowed, for ChildSpec::cgroup.
  int descriptor() const { return directory_.get(); }

  /// Sets the limits and returns a sentence for each that could not be set:
  /// "memory.max: the memory controller is not available here".
  std::vector<std::string> limit(const CgroupLimits& limits);

  /// Whether a live process is in it or below; nullopt if that cannot be read.
  std::optional<bool> is_populated() const;

  /// SIGKILL to everything in it and below, at one stroke (cgroup.kill, Linux
  /// 5.14); false where the kernel does not know that.
  bool kill();

  /// Whether another incarnation may be born in it instead of in a new one: empty,
  /// never killed or limited, and nothing was made below it.
  bool is_as_new() const;

  /// The processes in it, not those below.
  std::vector<pid_t> processes() const;

  /// How many processes the kernel has killed here for lack of memory, so far;
  /// nullopt without the controller.
  std::optional<std::uint64_t> oom_kills() const;

 private:
  void remove() noexcept;

  loop::Fd directory_;
  std::string name_;  ///< beside its siblings
  bool is_untouched_{true};
};

/// The control group of one run of a fleet, `mcpctl-FLEET-PID` below our own.  A
/// lock on the directory marks it as in use, so that a later run, even one in
/// another pid namespace, knows a dead supervisor's from a live one's.  Dropping
/// it removes the directory if it is empty.
class FleetCgroup {
 public:
  /// Makes it, or says why not: "no cgroup v2 file system is mounted".
  static Result<FleetCgroup> create(std::string_view fleet, const CgroupWishes& wishes = {});

  /// Likewise below `where`, a directory of cgroup v2 (for tests).
  static Result<FleetCgroup> create_below(const std::string& where, std::string_view fleet,
                                          const CgroupWishes& wishes = {});

  FleetCgroup(FleetCgroup&&) noexcept = default;
  FleetCgroup& operator=(FleetCgroup&&) = delete;
  ~FleetCgroup();

  /// The directory's absolute path.
  const std::string& path() const { return path_; }
  /// Why not all controllers can be had, or empty.
  const std::string& missing() const { return delegation_.missing; }

  /// Makes the group of one incarnation of `server`, new every time: a child born
  /// into a group that was ever killed (cgroup.kill) dies at birth, at least on Linux
  /// 6.18, which compares the group's count of kills with the parent's own.
  Result<Cgroup> incarnation_of(std::string_view server) const;

 private:
  FleetCgroup(loop::Fd directory, loop::Fd parent, std::string path)
      : directory_(std::move(directory)), parent_(std::move(parent)), path_(std::move(path)) {}

  loop::Fd directory_;  ///< holds the lock
  loop::Fd parent_;
  std::string path_;
  Delegation delegation_;
};

/// Kills and removes what dead runs of this fleet left below `where`; returns the
/// names of directories removed.  Those of live supervisors are locked and spared.
std::vector<std::string> remove_stale_cgroups(const std::string& where, std::string_view fleet);

}  // namespace mcpctl::spawn
