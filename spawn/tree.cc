#include "spawn/tree.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>

#include "spawn/chase.h"
#include "spawn/exit_status.h"
#include "spawn/gathering.h"

namespace mcpctl::spawn {
namespace {

constexpr unsigned signal_process_group = 4;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9

bool wakes_the_stopped(int signal) {
  switch (signal) {
    case 0:
    case SIGKILL:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT: return false;
    default: return true;
  }
}

}  // namespace

Tree::Tree(Child child, std::string cookie, Cgroup* cgroup)
    : leader_(std::move(child)), cookie_(std::move(cookie)), cgroup_(cgroup) {}

void Tree::note_start() {
  if (start_time_ != 0 || !is_unreaped(leader_)) return;
  static loop::Fd proc;
  if (!proc) proc = open_proc();
  ProcessStat stat;
  // Not reaped yet, so this is the leader, if only as a zombie.
  if (read_stat(proc.get(), leader_.pid, stat)) start_time_ = stat.start_time;
}

void Tree::leader_ended() {
  if (cgroup_ == nullptr || cgroup_->is_populated().value_or(true)) note_start();
}

/// Whether a process that carries our leader's number as session or group is ours
/// although the leader is gone from the table: then the number might have passed
/// to a stranger, once the session was empty.
bool Tree::may_be_in_session(const ProcessStat& process, ProcessTable& table) const {
  if (process.start_time < start_time_) return false;
  const std::string_view cookie = table.cookie_of(process);
  if (!cookie.empty()) return cookie == cookie_;
  return table.is_descendant_of_ours(process);
}

std::vector<const ProcessStat*> Tree::members(ProcessTable& table) {
  if (is_gone_) return {};
  note_start();
  Gathering gathering{table};

  const ProcessStat* const holder = table.find(leader_.pid);
  const bool is_leader = holder != nullptr && holder->start_time == start_time_;
  const bool is_recycled = holder != nullptr && !is_leader;
  if (is_leader) gathering.add(*holder);
  if (!is_recycled) {
    for (const auto links : {table.session(leader_.pid), table.group(leader_.pid)}) {
      for (const auto& link : links) {
        if (is_leader || may_be_in_session(*link.process, table)) gathering.add(*link.process);
      }
    }
  }
  for (const Identity& known : known_) {
    const ProcessStat* const process = table.find(known.pid);
    if (process != nullptr && process->start_time == known.start_time) gathering.add(*process);
  }
  for (const ProcessStat* orphan : table.adopted_with(cookie_)) gathering.add(*orphan);
  if (cgroup_ != nullptr) {
    for (const pid_t pid : cgroup_->processes()) {
      if (const ProcessStat* const process = table.find(pid)) gathering.add(*process);
    }
  }

  auto members = gathering.close();
  known_.clear();
  for (const ProcessStat* member : members) known_.push_back({member->pid, member->start_time});
  return members;
}

bool Tree::is_empty(ProcessTable& table) {
  if (is_gone_) return true;
  if (cgroup_ != nullptr) {
    if (const auto populated = cgroup_->is_populated()) return is_gone_ = !*populated;
  }
  note_start();
  const ProcessStat* const leader = table.find(leader_.pid);
  if (leader != nullptr && leader->start_time == start_time_ && leader->is_alive()) return false;
  return is_gone_ = members(table).empty() && !table.has_undetermined_orphan();
}

/// One stroke at the leader's group; false if it could not be reached, so that its
/// members must be signalled singly.
bool Tree::signal_group(int signal) const {
  const long sent =
      ::syscall(SYS_pidfd_send_signal, leader_.pidfd.get(), signal, nullptr, signal_process_group);
  if (sent == 0 || errno == ESRCH) return true;
  // Before Linux 6.9 by number, which is certainly its own only while the leader
  // has not been reaped.
  return is_unreaped(leader_) && ::kill(-leader_.pid, signal) == 0;
}

/// With the SIGCONT that makes the signal heard.
bool Tree::strike(int signal) const {
  if (!signal_group(signal)) return false;
  if (wakes_the_stopped(signal)) signal_group(SIGCONT);
  return true;
}

void Tree::signal_each(int signal, const std::vector<const ProcessStat*>& members,
                       const ProcessTable& table, bool group_has_it) const {
  for (const ProcessStat* member : members) {
    if (group_has_it && member->group == leader_.pid) continue;
    send_signal(table.proc(), *member, signal);
    if (wakes_the_stopped(signal)) send_signal(table.proc(), *member, SIGCONT);
  }
}

std::size_t Tree::signal(int signal, ProcessTable& table) {
  if (is_gone_) return 0;
  const auto all = members(table);
  signal_each(signal, all, table, strike(signal));
  return all.size();
}

bool Tree::signal_group_first(int signal) {
  return !is_gone_ && cgroup_ != nullptr && signal_group(signal);
}

std::size_t Tree::signal_rest(int signal, ProcessTable& table) {
  if (wakes_the_stopped(signal)) signal_group(SIGCONT);
  const auto all = members(table);
  signal_each(signal, all, table, true);
  return all.size();
}

std::size_t Tree::kill_round(ProcessTable& table) {
  if (is_gone_) return 0;
  if (cgroup_ != nullptr) cgroup_->kill();
  const auto all = members(table);
  signal_each(SIGKILL, all, table, strike(SIGKILL));
  return all.size();
}

std::vector<std::string> Tree::survivors(ProcessTable& table) {
  std::vector<std::string> names;
  for (const ProcessStat* member : members(table)) names.push_back(table.describe(*member));
  return names;
}

void chase(std::span<Tree* const> trees, ProcessTable& table) {
  std::set<std::string_view> cookies;
  for (const Tree* tree : trees) cookies.insert(tree->cookie());
  const pid_t self = ::getpid();
  chase_newcomers(table, {&self, 1},
                  [&](std::string_view cookie) { return cookies.contains(cookie); });
}

}  // namespace mcpctl::spawn
