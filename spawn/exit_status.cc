#include "spawn/exit_status.h"

#include <sys/wait.h>

#include <cerrno>

namespace mcpctl::spawn {
namespace {

int wait_for(const Child& child, siginfo_t& info, int options) {
  int result;
  do {
    info = {};
    result = ::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, options);
    if (result != 0 && errno == EINVAL) {  // before Linux 5.4
      result = ::waitid(P_PID, static_cast<id_t>(child.pid), &info, options);
    }
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

std::expected<std::optional<ExitStatus>, int> try_reap(const Child& child) {
  siginfo_t info;
  if (wait_for(child, info, WEXITED | WNOHANG) != 0) return std::unexpected(errno);
  if (info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return ExitStatus{.code = info.si_status};
  return ExitStatus{.signal = info.si_status, .core_dumped = info.si_code == CLD_DUMPED};
}

bool is_unreaped(const Child& child) {
  siginfo_t info;
  return wait_for(child, info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace mcpctl::spawn
