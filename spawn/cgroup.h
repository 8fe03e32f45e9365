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
#include "spawn/own_cgroup.h"

namespace mcpctl::spawn {

struct CgroupLimits {
  std::uint64_t memory{0};  ///< bytes of the whole tree; 0: none
  std::uint64_t pids{0};    ///< processes and threads of the whole tree; 0: none
};

/// The control group of one incarnation of a server, which its fleet's outlives.  Dropping
/// it removes the directory if it is empty.  Holds no descriptor: with thousands of servers
/// that would be a quarter of all.
class Cgroup {
 public:
  Cgroup() = default;
  /// `name` below the directory `fleet`, which is borrowed.
  Cgroup(int fleet, std::string name);
  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&& other) noexcept;
  ~Cgroup();

  /// The directory, for ChildSpec::cgroup; empty, with errno, where it cannot be opened.
  loop::Fd open();

  /// Sets the limits and returns a sentence for each that could not be set:
  /// "memory.max: the memory controller is not available here".
  std::vector<std::string> limit(const CgroupLimits& limits);

  /// Whether a live process is in it or below; nullopt if that cannot be read.  What was
  /// empty stays so until it is opened for a child.
  std::optional<bool> is_populated();

  /// SIGKILL to everything in it and below, at one stroke (cgroup.kill, Linux
  /// 5.14); false where the kernel does not know that.
  bool kill();

  /// Whether another incarnation may be born in it instead of in a new one: empty,
  /// never killed or limited, and nothing was made below it.
  bool is_as_new();

  /// The processes in it, not those below.
  std::vector<pid_t> processes() const;

  /// How many processes the kernel has killed here for lack of memory, so far;
  /// nullopt without the controller.  In an empty group the count is final.
  std::optional<std::uint64_t> oom_kills();

 private:
  void remove() noexcept;
  std::string path(const char* file) const { return name_ + "/" + file; }
  /// In one of its files of "key number" lines.
  std::optional<std::uint64_t> number(const char* file, std::string_view key) const;

  int fleet_{-1};
  std::string name_;  ///< beside its siblings; empty: moved from
  bool is_untouched_{true};
  bool may_be_populated_{false};
  bool is_counted_{false};  ///< oom_kills_ is final
  std::optional<std::uint64_t> oom_kills_;
};

/// The control group of one run of a fleet, `mcpctl-FLEET-PID` below our own.  A
/// lock on the directory marks it as in use, so that a later run, even one in
/// another pid namespace, knows a dead supervisor's from a live one's.  Dropping
/// it removes the directory if it is empty.  Outlives the groups of its servers.
class FleetCgroup {
 public:
  /// Makes it, or says why not: "no cgroup v2 file system is mounted".
  static Result<FleetCgroup> create(std::string_view fleet, const CgroupWishes& wishes = {},
                                    const OwnCgroups& own = OwnCgroups::now());

  /// Likewise below `where`, a directory of cgroup v2 (for tests).
  static Result<FleetCgroup> create_below(const std::string& where, std::string_view fleet,
                                          const CgroupWishes& wishes = {});

  FleetCgroup(FleetCgroup&&) noexcept = default;
  FleetCgroup& operator=(FleetCgroup&&) = delete;
  ~FleetCgroup();

  /// The directory's absolute path.
  const std::string& path() const { return path_; }
  /// The directory that it was made in.
  std::string where() const { return path_.substr(0, path_.rfind('/')); }
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
