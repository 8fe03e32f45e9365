// Collects processes that belong together from one snapshot: a set that is closed
// under "child of" and "in the same session".  Never takes up this process, its
// own session, or pid 1.
#pragma once
#include <span>
#include <unordered_set>
#include <vector>

#include "spawn/process_table.h"

namespace mcpctl::spawn {

class Gathering {
 public:
  /// The table is borrowed and must not be refreshed meanwhile.
  explicit Gathering(const ProcessTable& table);

  /// Adds a live process that is certain to belong; zombies are passed over.
  void add(const ProcessStat& process);

  /// Adds what follows from those added, and gives all away.
  std::vector<const ProcessStat*> close();

 private:
  void add_all(std::span<const ProcessTable::Link> links);

  const ProcessTable& table_;
  pid_t self_;
  pid_t own_session_;
  std::unordered_set<pid_t> seen_;
  std::unordered_set<pid_t> sessions_;
  std::vector<const ProcessStat*> members_;
};

}  // namespace mcpctl::spawn
