#include "runtime/cleanup.h"

#include <poll.h>

#include <algorithm>

#include "spawn/cgroup.h"
#include "spawn/process_table.h"

namespace mcpctl::runtime {
namespace {

constexpr int most_rounds = 100;
constexpr int pause_ms = 20;
/// A chain of processes that fork and exit can slip through a look: its link of that
/// moment has ended before its cookie is read.
constexpr int quiet_rounds = 3;
/// Where nothing was found yet, strangers that come and go must not delay a start.
constexpr int most_uncertain_rounds = 5;

}  // namespace

std::string clean_up_after_predecessor(const std::string& fleet,
                                       std::span<const spawn::LeaderRecord> leaders,
                                       const spawn::SupervisorInstance& self,
                                       const std::string& cgroups) {
  spawn::ProcessTable table;
  spawn::LeftoverRound last;
  std::size_t found = 0;
  int quiet = 0;
  for (int round = 1; round <= most_rounds; ++round) {
    if (!table.refresh()) break;
    last = spawn::kill_leftovers(fleet, leaders, table, self);
    found = std::max(found, last.found);
    quiet = last.found == 0 && last.is_certain ? quiet + 1 : 0;
    if (quiet == (found == 0 ? 1 : quiet_rounds)) break;
    if (found == 0 && round == most_uncertain_rounds) break;
    ::poll(nullptr, 0, pause_ms);
  }
  spawn::remove_stale_cgroups(cgroups, fleet);
  if (found == 0) return "";
  const std::size_t killed = found - last.found;
  std::string text = "killed " + std::to_string(killed) +
                     (killed == 1 ? " process" : " processes") +
                     " that a dead supervisor left behind";
  if (last.found > 0) text += "; " + std::to_string(last.found) + " survive";
  return text;
}

}  // namespace mcpctl::runtime
