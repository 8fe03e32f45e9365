#include "signals/orphans.h"

#include <sys/wait.h>
#include <unistd.h>

#include "spawn/proc.h"

namespace mcpctl::signals {
namespace {

/// The kernel keeps showing the same first zombie, so one whose owner has not yet
/// come for it hides the others: they are looked up in /proc.
std::size_t reap_behind_known(const std::function<bool(pid_t)>& known) {
  const pid_t self = ::getpid();
  const loop::Fd proc = spawn::open_proc();
  std::size_t reaped = 0;
  spawn::for_each_process(proc.get(), [&](const spawn::ProcessStat& process) {
    if (process.parent != self || process.is_alive() || known(process.pid)) return;
    if (::waitpid(process.pid, nullptr, WNOHANG) == process.pid) ++reaped;
  });
  return reaped;
}

}  // namespace

std::size_t reap_orphans(const std::function<bool(pid_t)>& known) {
  std::size_t reaped = 0;
  pid_t last_known = 0;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
      return reaped;
    }
    const pid_t pid = info.si_pid;
    if (pid == last_known) return reaped + reap_behind_known(known);
    if (known(pid)) {
      last_known = pid;
    } else if (::waitpid(pid, nullptr, WNOHANG) == pid) {
      ++reaped;
    }
  }
}

}  // namespace mcpctl::signals
