#include "signals/warden.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "signals/code_pages.h"
#include "signals/descendants.h"
#include "signals/exit_code.h"
#include "signals/same_processor.h"
#include "signals/waiting_set.h"

namespace mcpctl::signals {
namespace {

/// One line to stderr without stdio, which may hold a lock or buffer.
class Line {
 public:
  Line& operator<<(const char* text) noexcept {
    while (*text != '\0' && end_ < text_ + sizeof text_ - 1) *end_++ = *text++;
    return *this;
  }
  Line& operator<<(std::size_t number) noexcept {
    end_ = std::to_chars(end_, text_ + sizeof text_ - 1, number).ptr;
    return *this;
  }
  ~Line() {
    *end_++ = '\n';
    [[maybe_unused]] const ssize_t written =
        ::write(STDERR_FILENO, text_, static_cast<std::size_t>(end_ - text_));
  }

 private:
  char text_[256];
  char* end_{text_};
};

[[noreturn]] void become_supervisor(const std::function<int()>& supervisor, pid_t warden,
                                    const sigset_t& mask) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // not inherited
  ::prctl(PR_SET_PDEATHSIG, warden_death_signal());
  if (::getppid() != warden) ::_exit(EX_OSERR);  // it died before we could ask to be told
  ::signal(SIGTTOU, SIG_IGN);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  std::exit(supervisor());
}

/// We sleep from now on, and the child finds our caches warm: a tenth of a whole start.
pid_t fork_here() noexcept {
  const SameProcessor until_both_run;
  return ::fork();
}

/// Ctrl-Z: both stop, and both go on when the shell says so.  Where we cannot be
/// stopped (PID 1) the supervisor goes on at once.
void suspend(pid_t supervisor) noexcept {
  ::kill(supervisor, SIGSTOP);
  ::raise(SIGSTOP);
  ::kill(supervisor, SIGCONT);
}

/// Reaps; true when `supervisor` was among them, with its status.
bool has_ended(pid_t supervisor, int& status) noexcept {
  bool ended = false;
  for (;;) {
    int each = 0;
    const pid_t pid = ::waitpid(-1, &each, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return ended;
    if (pid != supervisor) continue;
    status = each;
    ended = true;
  }
}

int watch(pid_t supervisor, const sigset_t& awaited) noexcept {
  // The supervisor may sit behind us on our processor: what we do for the memory alone
  // comes when the rush of the start is over.
  constexpr timespec rush{0, 500'000'000};
  const timespec* patience = &rush;
  int status = 0;
  for (;;) {
    const int signal = ::sigtimedwait(&awaited, nullptr, patience);
    if (signal < 0 && errno == EAGAIN) {
      give_back_code_pages();
      patience = nullptr;  // for ever
    }
    switch (signal) {
      case SIGCHLD:
        if (has_ended(supervisor, status)) return status;
        break;
      case SIGTERM:
      case SIGINT:
      case SIGHUP:
      case SIGQUIT:
      case SIGUSR1:
      case SIGUSR2:
      case SIGWINCH:
      case SIGCONT:
        ::kill(supervisor, signal);  // not yet reaped, so the pid is its own
        break;
      case SIGTSTP: suspend(supervisor); break;
      default: break;  // EINTR after a stop; signals that mean nothing to us
    }
  }
}

int finish(int status, Descendants& descendants) noexcept {
  const auto ended = descendants.kill_all(kill_limit);
  if (WIFSIGNALED(status)) {
    const char* const name = ::sigdescr_np(WTERMSIG(status));
    Line line;
    line << "mcpctl: the supervisor was killed by signal "
         << static_cast<std::size_t>(WTERMSIG(status)) << " (" << (name != nullptr ? name : "?")
         << "); ended " << ended.killed << " remaining processes";
    if (ended.surviving > 0) line << ", " << ended.surviving << " survive";
  }
  return exit_code_of(status);
}

}  // namespace

int warden_death_signal() noexcept { return SIGRTMIN + 6; }

int run_guarded(const std::function<int()>& supervisor) {
  Descendants descendants;
  const pid_t self = ::getpid();
  ::signal(SIGCHLD, SIG_DFL);  // inherited as ignored, it would swallow exit statuses
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const WaitingSet awaited;

  const pid_t child = fork_here();
  if (child == 0) become_supervisor(supervisor, self, awaited.mask_before());
  if (child < 0) {
    Line{} << "mcpctl: cannot fork the supervisor: " << ::strerrordesc_np(errno);
    return EX_OSERR;
  }
  ::setpgid(child, child);  // whoever comes first
  const int status = watch(child, awaited.signals());
  return finish(status, descendants);
}

}  // namespace mcpctl::signals
