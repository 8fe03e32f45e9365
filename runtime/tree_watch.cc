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
constexpr Duration first_pause{2};
constexpr Duration longest_pause{50};
constexpr int last_rounds = 100;
constexpr useconds_t between_last_rounds = 20'000;

}  // namespace

TreeWatch::TreeWatch(loop::Loop& loop) : loop_(loop), rounds_(loop) {
  auto watch = loop::SignalWatch::open(loop, SIGCHLD, [this](int) { child_changed(); });
  if (watch) sigchld_ = std::move(*watch);
}

/// What awaits an end may own the tree, and then calls forget() as it goes.
TreeWatch::~TreeWatch() { const auto last = std::exchange(awaited_, {}); }

void TreeWatch::add_child(pid_t pid, std::function<void()> look) {
  children_.insert_or_assign(pid, std::move(look));
}

void TreeWatch::remove_child(pid_t pid) { children_.erase(pid); }

spawn::ProcessTable& TreeWatch::table() { return table_is_fresh_ ? table_ : new_table(); }

spawn::ProcessTable& TreeWatch::new_table() {
  // An unreadable /proc leaves an empty table: then only groups and control
  // groups tell, and the leader's own exit.
  static_cast<void>(table_.refresh());
  if (!std::exchange(table_is_fresh_, true)) {
    loop_.post([this] { table_is_fresh_ = false; });
  }
  return table_;
}

bool TreeWatch::is_empty(spawn::Tree& tree) {
  // A look at /proc costs milliseconds on a machine with a thousand processes.
  return tree.is_empty(tree.is_empty_needs_table() ? table() : table_);
}

void TreeWatch::signal(spawn::Tree& tree, int signal) { tree.signal(signal, table()); }

void TreeWatch::await_end(spawn::Tree& tree, std::move_only_function<void()> on_empty) {
  awaited_[&tree].on_empty = std::move(on_empty);
}

void TreeWatch::kill(spawn::Tree& tree) {
  awaited_[&tree].kill_until = loop_.now() + most_killing;
  tree.kill_round(table());
  pause_ = first_pause;
  rounds_.arm(pause_, [this] { kill_round(); });
}

void TreeWatch::end_all() {
  for (int round = 0; round < last_rounds; ++round) {
    new_table();
    check_awaited();
    if (awaited_.empty()) return;
    for (auto& [tree, awaited] : awaited_) tree->kill_round(table_);
    ::usleep(between_last_rounds);
  }
}

void TreeWatch::forget(spawn::Tree& tree) { awaited_.erase(&tree); }

void TreeWatch::child_changed() {
  signals::reap_orphans([this](pid_t pid) {
    const auto known = children_.find(pid);
    if (known == children_.end()) return false;
    const auto look = known->second;  // may remove itself
    look();
    return true;
  });
  check_awaited();
}

void TreeWatch::check_awaited() {
  if (awaited_.empty()) return;
  std::vector<std::move_only_function<void()>> ended;
  for (auto it = awaited_.begin(); it != awaited_.end();) {
    if (!it->second.on_empty || !is_empty(*it->first)) {
      ++it;
      continue;
    }
    ended.push_back(std::move(it->second.on_empty));
    it = awaited_.erase(it);
  }
  for (auto& on_empty : ended) on_empty();
}

void TreeWatch::kill_round() {
  new_table();
  check_awaited();
  const Instant now = loop_.now();
  bool more = false;
  for (auto& [tree, awaited] : awaited_) {
    if (!awaited.kill_until) continue;
    if (*awaited.kill_until <= now) {
      awaited.kill_until.reset();
      continue;
    }
    tree->kill_round(table());
    more = true;
  }
  pause_ = std::min(pause_ * 2, longest_pause);
  if (more) rounds_.arm(pause_, [this] { kill_round(); });
}

}  // namespace mcpctl::runtime
