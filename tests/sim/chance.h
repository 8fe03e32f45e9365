// The fates that a seed hands out: what a server is configured to be, and how each
// of its processes will behave.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/rng.h"
#include "config/config.h"
#include "supervisor/exit_status.h"
#include "supervisor/spec.h"

namespace mcpctl::sim {

/// How one process will behave; drawn when it is spawned.
struct Temper {
  Duration spawn_takes{0};
  bool spawn_fails{false};
  bool failure_mends_itself{false};
  std::optional<Duration> ready_after;  ///< unset: never
  std::optional<Duration> dies_after;   ///< by itself
  supervisor::ExitStatus dies_of;
  std::optional<Duration> obeys_eof_after;     ///< unset: ignores a closed stdin
  std::optional<Duration> obeys_signal_after;  ///< unset: ignores the stop signal
  Duration dies_of_kill_after{0};
  bool is_immortal{false};              ///< while faults last
  unsigned polite_stragglers{0};        ///< outlive the leader, obey the signal
  unsigned stubborn_stragglers{0};      ///< obey nothing but SIGKILL
  std::optional<Duration> hangs_after;  ///< once watched
  Duration hang_lasts{0};
  bool hang_passes{false};               ///< else health is lost
  std::optional<Duration> speaks_every;  ///< on stderr, while starting
  unsigned requests{0};                  ///< that it will be given
};

/// In [0, bound) milliseconds.
Duration up_to(Rng& rng, std::uint64_t bound_ms);

/// A server that ends by itself when its work is done (every third name).
bool is_job(const std::string& name);

supervisor::Spec draw_spec(Rng& rng, const std::string& name);

/// Dependencies of the server `name` out of `s0` … `s<count-1>`; only lower
/// numbers, so that there is no cycle.
std::vector<config::Dependency> draw_dependencies(Rng& rng, unsigned number);

/// `is_calm`: faults are over; the process behaves.
Temper draw_temper(Rng& rng, bool works_off_a_job, bool is_calm);

}  // namespace mcpctl::sim
