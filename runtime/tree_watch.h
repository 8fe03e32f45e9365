// Follows process trees to their end: reaps what is reparented to us, notices when
// a tree is empty, kills what has to go.  One for all servers, so that a thousand
// of them cost one look at /proc.  Nothing polls: SIGCHLD drives it, and a timer
// only while something is being killed, and a few times after a leader's end.
#pragma once
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
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
  /// What was given to dispose() goes now; so do the owners of awaited trees that
  /// nobody else keeps, after end_now().
  ~TreeWatch();
  TreeWatch(const TreeWatch&) = delete;
  TreeWatch& operator=(const TreeWatch&) = delete;

  /// A child whose exit somebody else reaps; `look` tells them to do it now.
  void add_child(pid_t pid, std::function<void()> look);
  void remove_child(pid_t pid);

  /// Whether nothing of the tree is alive, as of now.
  bool is_empty(spawn::Tree& tree);
  /// What is not in its leader's group, or is stopped, may hear it 100 ms later.
  void signal(spawn::Tree& tree, int signal);

  /// Calls `on_empty` once, when nothing of the tree is left; from the loop.
  void await_end(spawn::Tree& tree, std::move_only_function<void()> on_empty);
  /// SIGKILL at once and again until it is empty or has outlived `most` of it.
  /// on_empty of await_end() tells of success.
  void kill(spawn::Tree& tree);
  /// The tree goes away: no more callbacks about it.
  void forget(spawn::Tree& tree);
  /// Kills and reaps `trees` and every awaited one, blocking for at most `limit`.
  void end_now(std::vector<spawn::Tree*> trees, Duration limit);

  /// Destroys `object`, which uses this, after the current callbacks have returned,
  /// and at the latest with this.
  template <typename Object>
  void dispose(Object object) {
    graves_.emplace_back([owned = std::move(object)] {});
    clear_soon();
  }

  /// At most one look at /proc per turn of the loop.
  spawn::ProcessTable& table();
  /// A look at /proc that is certainly new.
  spawn::ProcessTable& new_table();

 private:
  struct Awaited {
    std::move_only_function<void()> on_empty;
    std::optional<Instant> kill_until;  ///< set: being killed
  };

  void signal_rest();
  void child_changed();
  void reap();
  void clear_soon();
  void clear_graves();
  void check_soon();
  void check_awaited();
  void check_late_after(Duration pause);
  void kill_round();
  void next_round_after(Duration pause);

  loop::Loop& loop_;
  std::optional<loop::SignalWatch> sigchld_;
  loop::Timer rounds_;
  loop::Timer rest_;  ///< armed while any tree is half signalled
  loop::Timer late_;  ///< armed for a while after a leader's end
  loop::Timer reaping_;
  Instant next_reaping_;  ///< not sooner
  Duration pause_{0};
  spawn::ProcessTable table_;
  bool table_is_fresh_{false};
  bool check_is_posted_{false};
  bool reaping_is_due_{false};
  std::map<pid_t, std::function<void()>> children_;
  std::map<spawn::Tree*, Awaited> awaited_;
  std::multimap<spawn::Tree*, int> half_signalled_;  ///< with what, in the order of the signals
  std::vector<std::move_only_function<void()>> graves_;
  // Shared with the callbacks that wait in the loop's inbox, so that they find out
  // when there is nobody left to call.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::runtime
