// What the shell tells one server's machine (events, in the past tense) and what
// the machine asks of the shell (actions, imperative).  Plain data on both sides:
// it can be logged, replayed, simulated and compared.
#pragma once
#include <string>
#include <variant>

#include "base/ids.h"
#include "supervisor/exit_status.h"
#include "supervisor/spec.h"
#include "supervisor/state.h"
#include "supervisor/why.h"

namespace mcpctl::supervisor {

// ---- intents ---------------------------------------------------------------

/// The configuration wants this server: eager ones wait for admission, lazy
/// ones for their first request.
struct Enabled {};
struct StartRequested {
  Motive motive{Motive::operator_request};
};
struct StopRequested {
  Motive motive{Motive::operator_request};
};
/// By the operator: starts a stopped server too, as operators of other supervisors
/// expect.  For any other motive: only restarts what is wanted anyway; `memory_limit`
/// only what runs, and counts as its failure.
struct RestartRequested {
  Motive motive{Motive::operator_request};
  std::string what{};  ///< files_changed: which, as an operator names them
};
/// Ends the process now: SIGKILL without the rest of the ladder.  Keeps the goal.
struct KillRequested {};
/// Forgets earlier failures; a server in backoff or failed starts at once.
struct ResetRequested {};
/// A lazy server is needed now.
struct Demanded {};
/// Whether servers that depend on this one run or wait; a lazy one stays awake for them.
struct DependentsChanged {
  bool need_it{false};
};
/// The policy to follow from now on.  Never restarts by itself, but an idle server
/// that is not lazy any more starts.
struct Reconfigured {
  Spec spec;
};

// ---- what happened ---------------------------------------------------------

/// The fleet grants what `waiting` waits for.
struct Admitted {};
struct Spawned {
  Incarnation about;
};
/// `mends_itself`: the system's shortage, not the server's fault (EAGAIN, ENOMEM,
/// EMFILE, ETXTBSY …): retried with backoff and not counted.
struct SpawnFailed {
  Incarnation about;
  std::string message;
  bool mends_itself{false};
  int shell_code{0};  ///< 127 program not found, 126 not executable; 0: something else
};
struct ReadinessProven {
  Incarnation about;
};
/// Something was heard from a starting server (stderr); stretches its timeout.
struct Progressed {
  Incarnation about;
};
struct HealthFailing {
  Incarnation about;
};
struct HealthRecovered {
  Incarnation about;
};
struct HealthLost {
  Incarnation about;
};
struct TrafficChanged {
  Incarnation about;
  unsigned in_flight{0};
};
/// The leader's exit.  `tree_is_empty`: nothing else of its tree is alive; if
/// not, TreeEmptied follows when that becomes true.
struct Exited {
  Incarnation about;
  ExitStatus status;
  bool tree_is_empty{true};
};
struct TreeEmptied {
  Incarnation about;
};
struct DeadlineReached {
  DeadlineToken token;
};

using Event =
    std::variant<Enabled, StartRequested, StopRequested, RestartRequested, KillRequested,
                 ResetRequested, Demanded, DependentsChanged, Reconfigured, Admitted, Spawned,
                 SpawnFailed, ReadinessProven, Progressed, HealthFailing, HealthRecovered,
                 HealthLost, TrafficChanged, Exited, TreeEmptied, DeadlineReached>;

// ---- what to do ------------------------------------------------------------

/// Answered by Spawned or SpawnFailed, never both; until then nothing else is asked
/// about this incarnation.
struct Spawn {
  Incarnation as;
};
/// Try until ReadinessProven; ends with LeaveAlone or the process.
struct ProveReadiness {
  Incarnation of;
};
struct WatchHealth {
  Incarnation of;
};
/// No more readiness or health probes for this incarnation.
struct LeaveAlone {
  Incarnation of;
};
struct CloseStdin {
  Incarnation of;
};
/// To every process of the tree, followed by SIGCONT for a stopped one.
struct SignalTree {
  Incarnation of;
  int signal{0};
};
/// SIGKILL again and again until nothing of the tree is left.
struct KillTree {
  Incarnation of;
};
/// Replaces whatever deadline was armed.
struct ArmDeadline {
  DeadlineToken token;
  Instant at;
};
struct DisarmDeadline {};
/// A transition happened; for logs, events and whoever waits.
struct Announce {
  State from;
  State to;
  Why why;
};

using Action = std::variant<Spawn, ProveReadiness, WatchHealth, LeaveAlone, CloseStdin, SignalTree,
                            KillTree, ArmDeadline, DisarmDeadline, Announce>;

}  // namespace mcpctl::supervisor
