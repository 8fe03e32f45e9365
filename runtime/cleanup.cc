#include "runtime/cleanup.h"

#include <poll.h>

#include <algorithm>

#include "spawn/cgroup.h"
#include "spawn/own_cgroup.h"
#include "spawn/process_table.h"

namespace mcpctl::runtime {
namespace {

constexpr int most_rounds = 100;
constexpr int pause_ms = 20;
/// A chain of processes that fork and exit can slip through a look: its link of that
/// moment has ended before its cookie is read.
constexpr int quiet_rounds = 3;

}  // namespace

std::string clean_up_after_predecessor(const std::string& fleet,
                                       std::span<const spawn::LeaderRecord> leaders,
                                       const spawn::SupervisorInstance& self) {
  spawn::ProcessTable table;
  std::size_t found = 0;
  std::size_t left = 0;
  int quiet = 0;
  for (int round = 0; round < most_rounds; ++round) {
    if (!table.refresh()) break;
    left = spawn::kill_leftovers(fleet, leaders, table, self);
    found = std::max(found, left);
    quiet = left == 0 ? quiet + 1 : 0;
    if (found == 0 || quiet == quiet_rounds) break;
    ::poll(nullptr, 0, pause_ms);
  }
  if (const auto own = spawn::own_cgroup()) spawn::remove_stale_cgroups(*own, fleet);
  if (found == 0) return "";
  const std::size_t killed = found - left;
  std::string text = "killed " + std::to_string(killed) +
                     (killed == 1 ? " process" : " processes") +
                     " that a dead supervisor left behind";
  if (left > 0) text += "; " + std::to_string(left) + " survive";
  return text;
}

}  // namespace mcpctl::runtime
