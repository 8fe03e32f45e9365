// All processes of one incarnation of a server: its leader's session and group,
// their descendants, orphans that carry its cookie, and its control group where
// there is one.  Nothing here blocks or waits: the caller repeats from a timer.
// A process is signalled only when it is certain that it belongs to the tree; a
// recycled pid or group number never reaches a stranger.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "spawn/cgroup.h"
#include "spawn/process_table.h"
#include "spawn/spawner.h"

namespace mcpctl::spawn {

class Tree {
 public:
  /// Takes the child.  `cookie` is what its environment carries, as text; `cgroup`
  /// is borrowed, may be null, and holds nothing but this incarnation.
  Tree(Child child, std::string cookie, Cgroup* cgroup = nullptr);

  /// The leader.  Its owner polls the pidfd, and reaps it with try_reap() after
  /// leader_ended().
  const Child& leader() const { return leader_; }
  const std::string& cookie() const { return cookie_; }
  /// Keeps when the leader started, which tells it from whoever has its pid later.  While
  /// it is not reaped anybody may ask, so that a start need not: a look at /proc costs.
  void note_start();
  /// The same, before the leader is reaped: nobody asks any more where an empty control
  /// group tells that nothing else is left.
  void leader_ended();
  /// Of the leader, in clock ticks since boot; 0 if /proc did not tell.
  std::uint64_t start_time() {
    note_start();
    return start_time_;
  }

  /// True once no live process is left; zombies do not count.  Stays true: nothing
  /// can join an empty tree.  With a control group the table is not looked at.
  bool is_empty(ProcessTable& table);
  /// False where the control group alone tells, and any table will do.
  bool is_empty_needs_table() const { return !is_gone_ && cgroup_ == nullptr; }

  /// Its live processes as of the snapshot.
  std::vector<const ProcessStat*> members(ProcessTable& table);

  /// Sends `signal` to the whole tree: first at one stroke to the leader's group,
  /// so that none slips away by forking, then to members elsewhere.  Any signal but
  /// KILL and the stopping ones is followed by SIGCONT, so that a stopped process
  /// hears it.  Returns how many members there were.
  std::size_t signal(int signal, ProcessTable& table);
  /// The same in two steps, without a look at /proc before the first: the one stroke; and
  /// who is elsewhere or stopped.  Only a control group allows that, since nobody slips
  /// out of one.  Between them most trees end: the second is for those that have not.
  /// The first is false, and has done nothing, where it cannot be: then signal() does it.
  bool signal_group_first(int signal);
  std::size_t signal_rest(int signal, ProcessTable& table);

  /// One round of killing: cgroup.kill, the group, every member.  Returns how many
  /// members the snapshot showed; refresh and repeat until is_empty(), and without a
  /// control group chase() too.  A fork bomb without pids.max may survive that;
  /// then survivors() names it.
  std::size_t kill_round(ProcessTable& table);

  /// "PID (command line)" of every member.
  std::vector<std::string> survivors(ProcessTable& table);

 private:
  struct Identity {
    pid_t pid;
    std::uint64_t start_time;
  };

  bool may_be_in_session(const ProcessStat& process, ProcessTable& table) const;
  bool signal_group(int signal) const;
  bool strike(int signal) const;
  void signal_each(int signal, const std::vector<const ProcessStat*>& members,
                   const ProcessTable& table, bool group_has_it) const;

  Child leader_;
  std::uint64_t start_time_{0};  ///< 0: not noted
  std::string cookie_;
  Cgroup* cgroup_;
  std::vector<Identity> known_;  ///< members of the last snapshot; still ours if orphaned since
  bool is_gone_{false};
};

/// Kills what has joined `trees` since the snapshot: see chase_newcomers().
void chase(std::span<Tree* const> trees, ProcessTable& table);

}  // namespace mcpctl::spawn
