#include "spawn/leftovers.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "spawn/gathering.h"

namespace mcpctl::spawn {
namespace {

bool is_leftover(std::string_view cookie_text, std::string_view fleet, const ProcessTable& table,
                 const SupervisorInstance& self) {
  const auto cookie = parse_cookie(cookie_text);
  return cookie && cookie->fleet == fleet && is_certainly_dead(cookie->supervisor, table, self);
}

/// What chase() is for our own children, for those of whoever adopted the leftovers.
/// False if the last look could not tell whose a newcomer was, or still found one.
bool chase_leftovers(std::string_view fleet, ProcessTable& table, const SupervisorInstance& self,
                     std::size_t& killed) {
  constexpr int looks_max = 64;
  const std::vector<pid_t> adopters = table.ancestors();
  for (int look = 0; look < looks_max; ++look) {
    bool is_quiet = true;
    const auto end = [&](const ProcessTable::Newcomer& child) {
      if (!is_leftover(child.cookie, fleet, table, self)) return;
      is_quiet = false;
      if (::syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0) == 0) ++killed;
    };
    for (const pid_t adopter : adopters) is_quiet &= table.visit_newcomers(adopter, end);
    if (is_quiet) return true;
  }
  return false;
}

}  // namespace

bool is_certainly_dead(const SupervisorInstance& supervisor, const ProcessTable& table,
                       const SupervisorInstance& self) {
  if (supervisor == self || supervisor.boot_id != self.boot_id ||
      supervisor.pid_namespace != self.pid_namespace) {
    return false;
  }
  const ProcessStat* const holder = table.find(supervisor.pid);
  return holder == nullptr || holder->start_time != supervisor.start_time || !holder->is_alive();
}

std::vector<const ProcessStat*> find_leftovers(std::string_view fleet,
                                               std::span<const LeaderRecord> records,
                                               ProcessTable& table,
                                               const SupervisorInstance& self) {
  Gathering gathering{table};
  for (const ProcessStat& process : table.all()) {
    if (process.is_alive() && is_leftover(table.cookie_of(process), fleet, table, self)) {
      gathering.add(process);
    }
  }
  // A server may have overwritten its environment; then the record still knows it.
  for (const LeaderRecord& record : records) {
    const ProcessStat* const process = table.find(record.pid);
    if (process != nullptr && process->start_time == record.start_time &&
        record.boot_id == self.boot_id && is_leftover(record.cookie, fleet, table, self)) {
      gathering.add(*process);
    }
  }
  auto found = gathering.close();
  // A leftover shell may have started a supervisor that lives: not ours to kill.
  std::erase_if(found, [&](const ProcessStat* process) {
    const auto cookie = parse_cookie(table.cookie_of(*process));
    return cookie &&
           !(cookie->fleet == fleet && is_certainly_dead(cookie->supervisor, table, self));
  });
  return found;
}

LeftoverRound kill_leftovers(std::string_view fleet, std::span<const LeaderRecord> records,
                             ProcessTable& table, const SupervisorInstance& self) {
  const auto found = find_leftovers(fleet, records, table, self);
  for (const ProcessStat* process : found) send_signal(table.proc(), *process, SIGKILL);
  LeftoverRound round{.found = found.size()};
  round.is_certain = chase_leftovers(fleet, table, self, round.found);
  return round;
}

}  // namespace mcpctl::spawn
