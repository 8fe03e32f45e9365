#include "runtime/tree_watch.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "signals/orphans.h"

namespace mcpctl::runtime {
namespace {

/// What survives this many milliseconds of SIGKILL sleeps in the kernel; more
/// rounds would not hurt it.
constexpr Duration most_killing{2'500};
/// For a group to end of its signal, before who is elsewhere or stopped is looked for.
constexpr Duration moment_to_end{100};
constexpr Duration first_pause{2};
/// Of orphans; what waits for the last of its tree hears that much later.
constexpr Duration between_reapings{3};
constexpr Duration undecided_pause{10};
constexpr unsigned end_pause_us = 10'000;
/// A control group may count a process that has been reaped already (Linux 6.19 takes it
/// out once it has left its processor), and no signal tells when it does no more.  From
/// one look to the next ten times as long.
constexpr Duration first_late_look{1};
constexpr Duration last_late_look{1'000};
constexpr Duration longest_pause{50};
/// What a supervisor's end waits for checks that it has killed.
constexpr Duration last_killing{1'000};

}  // namespace

TreeWatch::TreeWatch(loop::Loop& loop)
    : loop_(loop),
      rounds_(loop),
      rest_(loop),
      late_(loop),
      reaping_(loop),
      table_([this](pid_t pid) { return children_.contains(pid); }) {
  auto watch = loop::SignalWatch::open(loop, SIGCHLD, [this](int) { child_changed(); });
  if (watch) sigchld_ = std::move(*watch);
}

TreeWatch::~TreeWatch() {
  clear_graves();
  end_now({}, last_killing);
  // Whoever goes with its callback says forget(): to an empty map.
  const auto owners = std::exchange(awaited_, {});
}

void TreeWatch::add_child(pid_t pid, std::function<void()> look) {
  table_is_fresh_ = false;  // it does not show this one
  children_.insert_or_assign(pid, std::move(look));
}

void TreeWatch::remove_child(pid_t pid) { children_.erase(pid); }

spawn::ProcessTable& TreeWatch::table() { return table_is_fresh_ ? table_ : new_table(); }

spawn::ProcessTable& TreeWatch::new_table() {
  // An unreadable /proc leaves an empty table: then only groups and control
  // groups tell, and the leader's own exit.
  static_cast<void>(table_.refresh());
  if (!std::exchange(table_is_fresh_, true)) {
    loop_.post([this, alive = std::weak_ptr{alive_}] {
      if (!alive.expired()) table_is_fresh_ = false;
    });
  }
  return table_;
}

bool TreeWatch::is_empty(spawn::Tree& tree) {
  // A look at /proc costs milliseconds on a machine with a thousand processes.
  return tree.is_empty(tree.is_empty_needs_table() ? table() : table_);
}

/// All groups at once; who is elsewhere or stopped interests only where not all has ended.
void TreeWatch::signal(spawn::Tree& tree, int signal) {
  if (!tree.signal_group_first(signal)) {
    tree.signal(signal, table());
    return;
  }
  half_signalled_.emplace(&tree, signal);
  if (!rest_.is_armed()) rest_.arm(moment_to_end, [this] { signal_rest(); });
}

void TreeWatch::signal_rest() {
  for (const auto& [tree, signal] : std::exchange(half_signalled_, {})) {
    if (!is_empty(*tree)) tree->signal_rest(signal, table());
  }
}

void TreeWatch::await_end(spawn::Tree& tree, std::move_only_function<void()> on_empty) {
  awaited_[&tree].on_empty = std::move(on_empty);
  check_soon();
  if (!tree.is_empty_needs_table()) check_late_after(first_late_look);
}

void TreeWatch::check_late_after(Duration pause) {
  late_.arm(pause, [this, pause] {
    check_soon();
    if (!awaited_.empty() && pause < last_late_look) check_late_after(10 * pause);
  });
}

void TreeWatch::kill(spawn::Tree& tree) {
  awaited_[&tree].kill_until = loop_.now() + most_killing;
  tree.kill_round(table());
  next_round_after(first_pause);
}

void TreeWatch::next_round_after(Duration pause) {
  pause_ = pause;
  rounds_.arm(pause, [this] { kill_round(); });
}

void TreeWatch::forget(spawn::Tree& tree) {
  half_signalled_.erase(&tree);
  const auto forgotten = awaited_.extract(&tree);  // may own the tree, and whoever says this
}

void TreeWatch::end_now(std::vector<spawn::Tree*> trees, Duration limit) {
  for (const auto& [tree, awaited] : awaited_) trees.push_back(tree);
  const Instant end = loop_.now() + limit;
  for (;;) {
    table_is_fresh_ = false;
    std::erase_if(trees, [this](spawn::Tree* tree) { return is_empty(*tree); });
    if (trees.empty() || loop_.now() >= end) break;
    for (spawn::Tree* tree : trees) tree->kill_round(table());
    spawn::chase(trees, table());
    ::usleep(end_pause_us);
  }
  reap();
}

void TreeWatch::clear_soon() {
  if (graves_.size() > 1) return;  // posted already
  loop_.post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) clear_graves();
  });
}

void TreeWatch::clear_graves() {
  while (!graves_.empty()) std::exchange(graves_, {}).clear();
}

/// Once for all children that ended in this turn, or of late: to ask for another zombie the
/// kernel goes through all of our children, and those that are ending wait for it.  The
/// servers' own ends are told by their pidfds.
void TreeWatch::child_changed() {
  if (std::exchange(reaping_is_due_, true)) return;
  const auto reap_all = [this, alive = std::weak_ptr{alive_}] {
    if (alive.expired()) return;
    reaping_is_due_ = false;
    next_reaping_ = loop_.now() + between_reapings;
    reap();
    check_soon();
  };
  if (loop_.now() < next_reaping_) return reaping_.arm(next_reaping_, reap_all);
  loop_.post(reap_all);
}

/// A snapshot of earlier in this turn may show as alive what has ended since, and no
/// other signal would tell: the question is asked again of a new one.
void TreeWatch::check_soon() {
  if (awaited_.empty() || std::exchange(check_is_posted_, true)) return;
  loop_.post([this, alive = std::weak_ptr{alive_}] {
    if (alive.expired()) return;
    check_is_posted_ = false;
    table_is_fresh_ = false;
    check_awaited();
  });
}

void TreeWatch::reap() {
  signals::reap_orphans([this](pid_t pid) {
    const auto known = children_.find(pid);
    if (known == children_.end()) return false;
    const auto look = known->second;  // may remove itself
    look();
    return true;
  });
}

void TreeWatch::check_awaited() {
  if (awaited_.empty()) return;
  bool undecided = false;
  std::vector<std::move_only_function<void()>> ended;
  for (auto it = awaited_.begin(); it != awaited_.end();) {
    if (!it->second.on_empty || !is_empty(*it->first)) {
      undecided |= it->first->is_empty_needs_table() && table().has_undetermined_orphan();
      ++it;
      continue;
    }
    ended.push_back(std::move(it->second.on_empty));
    it = awaited_.erase(it);
  }
  for (auto& on_empty : ended) on_empty();
  // No signal will tell when an exec is over.
  if (undecided && !rounds_.is_armed()) next_round_after(undecided_pause);
}

void TreeWatch::kill_round() {
  const Duration pause = pause_;
  new_table();
  check_awaited();
  const Instant now = loop_.now();
  std::vector<spawn::Tree*> killed;
  for (auto& [tree, awaited] : awaited_) {
    if (!awaited.kill_until) continue;
    if (*awaited.kill_until <= now) {
      awaited.kill_until.reset();
      continue;
    }
    tree->kill_round(table());
    killed.push_back(tree);
  }
  if (!killed.empty()) spawn::chase(killed, table());
  if (!killed.empty()) next_round_after(std::min(pause * 2, longest_pause));
}

}  // namespace mcpctl::runtime
