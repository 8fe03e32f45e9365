// One snapshot of every process of the machine, shared by all trees: a thousand
// servers cost one scan.  Reads only stat files; environments on demand, and each
// only once.  Never signals anybody.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/fd.h"
#include "spawn/proc.h"

namespace mcpctl::spawn {

class ProcessTable {
 public:
  /// A process filed under one of its ids.
  struct Link {
    pid_t key;
    const ProcessStat* process;
  };

  /// Empty until the first refresh().  `is_leader` tells a child whose owner looks after
  /// it from an orphan: its environment need not be read.  `proc`: /proc, or a directory of
  /// its shape.
  explicit ProcessTable(std::function<bool(pid_t)> is_leader = {}, loop::Fd proc = open_proc());

  /// Takes a new snapshot; some 10 µs per process.  Pointers and spans from before
  /// are void.  Keep one table for good: it remembers buffers and cookies.
  Result<void> refresh();

  /// Ascending by pid.
  std::span<const ProcessStat> all() const { return processes_; }
  const ProcessStat* find(pid_t pid) const;

  /// By parent, session and process group; empty spans for unknown ids.
  std::span<const Link> children_of(pid_t parent) const { return filed(by_parent_, parent); }
  std::span<const Link> session(pid_t id) const { return filed(by_session_, id); }
  std::span<const Link> group(pid_t id) const { return filed(by_group_, id); }

  /// The cookie in the environment that `process` was started with; empty if it
  /// has none, is not ours to look at, wrote over it, or is in the middle of an exec.  Valid until
  /// refresh().
  std::string_view cookie_of(const ProcessStat& process);

  /// Orphans with this cookie: live children of whoever adopts our descendants,
  /// which is this process once it is a subreaper (PR_SET_CHILD_SUBREAPER), leaders
  /// excepted.
  std::vector<const ProcessStat*> adopted_with(std::string_view cookie);

  /// Whether there is an orphan whose tree this snapshot cannot tell: in the middle
  /// of an exec its cookie is out of sight, one that has just lost its parent may
  /// have none, and one that ended before it was looked at may have been a link of a
  /// chain.  Then no tree may be called empty yet; the next snapshot can tell.
  bool has_undetermined_orphan();

  /// A child that its parent has got since the snapshot.  Its pidfd was opened before
  /// its cookie was read: a signal through it reaches the bearer of that cookie or
  /// nobody.  The pid alone is certain only of our own children, until we reap them.
  struct Newcomer {
    pid_t pid;
    const loop::Fd& pidfd;  ///< empty where the kernel gives none
    std::string_view cookie;
  };
  /// Calls visit(Newcomer) for every child that `parent` has got since the snapshot,
  /// the latest first.  A chain of processes that each fork the next and end leaves
  /// dead links in a snapshot: the live one is here.  False if the tree of one cannot
  /// be told; true where the kernel does not list children.
  bool visit_newcomers(pid_t parent, const std::function<void(const Newcomer&)>& visit);

  /// Whether `process` descends from this one.
  bool is_descendant_of_ours(const ProcessStat& process) const;

  /// Our parent, its parent, and so on.
  std::vector<pid_t> ancestors() const;

  /// The descriptor of /proc, borrowed, for send_signal().
  int proc() const { return proc_.get(); }

  /// `PID (command line)`, for an operator; control characters become '?'.
  std::string describe(const ProcessStat& process) const;

 private:
  struct KnownCookie {
    std::uint64_t start_time;
    std::string cookie;
  };
  struct Adopted {
    std::string_view cookie;
    const ProcessStat* process;
  };

  static std::span<const Link> filed(const std::vector<Link>& links, pid_t key);
  void file_all();
  void forget_the_dead();
  std::vector<pid_t> adopters() const;
  void look_at_adopted();
  void look_at_newcomers();
  std::optional<std::string> read_cookie(pid_t pid);

  loop::Fd proc_;
  std::function<bool(pid_t)> is_leader_;
  std::vector<ProcessStat> processes_;
  std::vector<Link> by_parent_;
  std::vector<Link> by_session_;
  std::vector<Link> by_group_;
  std::deque<ProcessStat> newcomers_;  ///< adopted since the snapshot
  std::vector<Adopted> adopted_;       ///< sorted by cookie; built by the first question
  bool adopted_is_known_{false};
  bool has_undetermined_orphan_{false};
  std::vector<pid_t> children_;  ///< scratch
  std::map<pid_t, KnownCookie> cookies_;
  std::string environment_;  ///< scratch
};

}  // namespace mcpctl::spawn
