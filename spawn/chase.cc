#include "spawn/chase.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace mcpctl::spawn {
namespace {

/// Our own child is not reaped meanwhile, so its pid is its own; another's must have
/// been held by a pidfd.
bool kill_newcomer(const ProcessTable::Newcomer& child, bool is_ours) {
  if (is_ours) return ::kill(child.pid, SIGKILL) == 0;
  return ::syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0) == 0;
}

}  // namespace

Chase chase_newcomers(ProcessTable& table, std::span<const pid_t> parents,
                      const std::function<bool(std::string_view cookie)>& is_prey) {
  constexpr int looks_max = 64;
  const pid_t self = ::getpid();
  Chase chase;
  for (int look = 0; look < looks_max && !chase.is_certain; ++look) {
    bool found = false;
    bool all_told = true;
    for (const pid_t parent : parents) {
      const auto end = [&](const ProcessTable::Newcomer& child) {
        if (!is_prey(child.cookie)) return;
        found = true;
        if (kill_newcomer(child, parent == self)) ++chase.killed;
      };
      if (!table.visit_newcomers(parent, end)) all_told = false;
    }
    chase.is_certain = all_told && !found;
  }
  return chase;
}

}  // namespace mcpctl::spawn
