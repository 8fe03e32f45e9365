// Why a server is in the state it is in: the trigger of the last transition and
// the facts an operator asks for next.  Data, so that it can be compared, logged
// and put in words (describe()) late.
#pragma once
#include <string>
#include <string_view>

#include "base/ids.h"
#include "supervisor/exit_status.h"
#include "supervisor/state.h"

namespace mcpctl::supervisor {

/// What moved the machine.  The edges of the state diagram carry these names.
enum class Trigger {
  enabled,  ///< the configuration wants it
  start_requested,
  restart_requested,
  stop_requested,
  kill_requested,
  reset_requested,
  demanded,  ///< a request arrived for a lazy server, or a dependent waits
  admitted,  ///< dependencies are there and a start slot is free
  unusable,  ///< the configuration of this server cannot be run
  spawn_failed,
  start_timed_out,
  readiness_proven,
  health_failing,
  health_recovered,
  health_lost,
  went_idle,  ///< lazy, and no request for a while
  drained,
  drain_timed_out,
  exited,
  gone,      ///< every process of the tree is gone
  survived,  ///< a process outlived SIGKILL
  backoff_elapsed,
  retry_elapsed,  ///< the slow retry of `failed`
};

/// On whose behalf a start, stop or restart was requested.
enum class Motive {
  none,
  operator_request,
  fleet,
  dependency,
  config_change,
  removal,
  memory_limit,
  files_changed,
  succession,
};

/// Why a server is `failed` rather than in `backoff`.
enum class GaveUp { no, crash_loop, not_worth_retrying, policy };

struct Why {
  Trigger trigger{Trigger::enabled};
  /// Where it began: a stop that a start timeout caused ends with trigger `gone`
  /// but still tells of the timeout.
  Trigger root{Trigger::enabled};
  Motive motive{Motive::none};
  bool has_exit{false};
  ExitStatus exit;       ///< valid if has_exit
  int shell_code{0};     ///< spawn_failed: 127 not found, 126 not executable, 0 neither
  Duration lived{0};     ///< spawn to exit; valid if has_exit
  Duration delay{0};     ///< backoff, failed: until the next start; 0: none
  unsigned failures{0};  ///< failed runs in a row
  GaveUp gave_up{GaveUp::no};
  /// spawn_failed, unusable: the sentence; files_changed: which files.
  std::string message;
  friend bool operator==(const Why&, const Why&) = default;
};

std::string_view name(Trigger trigger);
std::string_view name(Motive motive);

/// One clause for an operator, without the state's name: "exit code 1 after 3s;
/// restart in 1s", "not ready within 1m".
std::string describe(const Why& why, State state);

}  // namespace mcpctl::supervisor
