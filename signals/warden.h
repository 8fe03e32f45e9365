// The process that the user or the container started.  It keeps watch over the
// supervisor, which it forks: forwards signals to it, reaps what is reparented,
// passes its exit code on, and when it dies unexpectedly kills everything that
// remains.  That is why `kill -9` of the supervisor leaves no server behind.  It
// sleeps in sigwaitinfo(2), never polls, and allocates nothing after the fork.
#pragma once
#include <functional>

namespace mcpctl::signals {

/// The signal that the supervisor gets when its warden has died (PR_SET_PDEATHSIG,
/// a real-time signal that nobody else sends).  It must then end the fleet at once,
/// for nobody guards it any more.  Until handled, it ends the supervisor.
int warden_death_signal() noexcept;

/// Becomes the warden and runs `supervisor` in a child process: in a process group
/// of its own, so that a terminal's Ctrl-C reaches it once and by way of the
/// warden; a subreaper; SIGTTOU ignored, so that it may write to the terminal; its
/// signal mask as before.  The child ends by std::exit() with what `supervisor`
/// returns.  In the warden, returns the exit code for the whole: the supervisor's,
/// or 128+N when signal N killed it, or 71 (EX_OSERR) if it could not be forked.
/// Exit with it: signals stay blocked.
///
/// Forwards TERM INT HUP QUIT USR1 USR2 WINCH CONT.  Ctrl-Z stops the supervisor
/// and the warden; the servers go on.  Call early, from a process with one thread: what
/// ran before stays in the warden's memory.
int run_guarded(const std::function<int()>& supervisor);

}  // namespace mcpctl::signals
