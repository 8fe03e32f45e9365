// Follows process trees to their end: reaps what is reparented to us, notices when
// a tree is empty, kills what has to go.  One for all servers, so that a thousand
// of them cost one look at /proc.  Nothing polls: SIGCHLD drives it, and a timer
// only while something is being killed.
#pragma once
#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "loop/loop.h"
#include "loop/signal.h"
#include "loop/timer.h"
#include "spawn/process_table.h"
#include "spawn/tree.h"

namespace mcpctl::runtime {

class TreeWatch {
 public:
  explicit TreeWatch(loop::Loop& loop);
  ~TreeWatch();
  TreeWatch(const TreeWatch&) = delete;
  TreeWatch& operator=(const TreeWatch&) = delete;

  /// A child whose exit somebody else reaps; `look` tells them to do it now.
  void add_child(pid_t pid, std::function<void()> look);
  void remove_child(pid_t pid);

  /// Whether nothing of the tree is alive, as of now.
  bool is_empty(spawn::Tree& tree);
  void signal(spawn::Tree& tree, int signal);

  /// Calls `on_empty` once, when nothing of the tree is left; from the loop.
  void await_end(spawn::Tree& tree, std::move_only_function<void()> on_empty);
  /// SIGKILL at once and again until it is empty or has outlived `most` of it.
  /// on_empty of await_end() tells of success.
  void kill(spawn::Tree& tree);
  /// Kills all that is awaited, blocking at most two seconds: for the end of everything.
  void end_all();
  /// The tree goes away: no more callbacks about it.
  void forget(spawn::Tree& tree);

  /// At most one look at /proc per turn of the loop.
  spawn::ProcessTable& table();
  /// A look at /proc that is certainly new.
  spawn::ProcessTable& new_table();

 private:
  struct Awaited {
    std::move_only_function<void()> on_empty;
    std::optional<Instant> kill_until;  ///< set: being killed
  };

  void child_changed();
  void check_awaited();
  void kill_round();

  loop::Loop& loop_;
  std::optional<loop::SignalWatch> sigchld_;
  loop::Timer rounds_;
  Duration pause_{0};
  spawn::ProcessTable table_;
  bool table_is_fresh_{false};
  std::map<pid_t, std::function<void()>> children_;
  std::map<spawn::Tree*, Awaited> awaited_;
};

}  // namespace mcpctl::runtime
