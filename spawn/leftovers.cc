#include "spawn/leftovers.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "spawn/chase.h"
#include "spawn/gathering.h"

namespace mcpctl::spawn {
namespace {

bool is_leftover(std::string_view cookie_text, std::string_view fleet, const ProcessTable& table,
                 const SupervisorInstance& self) {
  const auto cookie = parse_cookie(cookie_text);
  return cookie && cookie->fleet == fleet && is_certainly_dead(cookie->supervisor, table, self);
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
  const Chase chase = chase_newcomers(table, table.ancestors(), [&](std::string_view cookie) {
    return is_leftover(cookie, fleet, table, self);
  });
  return {.found = found.size() + chase.killed, .is_certain = chase.is_certain};
}

}  // namespace mcpctl::spawn
