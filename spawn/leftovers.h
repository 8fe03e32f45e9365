// Processes that a dead supervisor of this fleet left behind, when it and its
// warden were killed together.  Judged by the cookie each carries and by the state
// file's records.  Spares a stranger with a recycled pid, whatever a live
// supervisor owns, and everything whose supervisor it cannot judge (another
// machine boot, another pid namespace).
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spawn/cookie.h"
#include "spawn/process_table.h"

namespace mcpctl::spawn {

/// A server's leader as the state file remembers it.
struct LeaderRecord {
  pid_t pid{0};
  std::uint64_t start_time{0};  ///< clock ticks since boot
  std::string boot_id;
  std::string cookie;
};

/// Whether the supervisor of a cookie has certainly ended.
bool is_certainly_dead(const SupervisorInstance& supervisor, const ProcessTable& table,
                       const SupervisorInstance& self);

/// The live leftovers of `fleet` in the snapshot: processes with a dead
/// supervisor's cookie, recorded leaders that are still the same processes, and
/// the descendants and sessions of both.
std::vector<const ProcessStat*> find_leftovers(std::string_view fleet,
                                               std::span<const LeaderRecord> records,
                                               ProcessTable& table, const SupervisorInstance& self);

struct LeftoverRound {
  std::size_t found{0};  ///< and sent SIGKILL
  /// Whether nothing was born meanwhile whose supervisor could not be told.  If not, a
  /// leftover that forks and ends in a chain may have slipped through.
  bool is_certain{false};
};
/// One round of SIGKILL to them; refresh and repeat until certain rounds find none.
LeftoverRound kill_leftovers(std::string_view fleet, std::span<const LeaderRecord> records,
                             ProcessTable& table, const SupervisorInstance& self);

}  // namespace mcpctl::spawn
