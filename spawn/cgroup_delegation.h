// Hands the controllers that limits need down to the groups of a fleet's servers.
// The kernel forbids that to a group which holds processes itself (cgroups(7), "no
// internal processes"), and ours holds us: where nobody else is in it, we move into a
// leaf beside the servers' groups, "@supervisor", and back at the end.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace mcpctl::spawn {

struct CgroupWishes {
  std::vector<std::string> controllers{"memory", "pids"};
  /// Who may be moved: ourselves and our warden.  Empty: nobody.
  std::vector<pid_t> own_processes{};
};

/// What was had, and how to give it back.
struct Delegation {
  std::vector<std::string> handed_down;  ///< by us: from our group to the fleet's
  std::vector<pid_t> moved;              ///< into the leaf
  /// Why a controller is missing; empty: none is.
  std::string missing;
};

/// `ours` is the directory of our own group, `fleets` that of the fleet's below it.
Delegation delegate(int ours, int fleets, const CgroupWishes& wishes);

/// Moves everybody back and removes the leaf.  Best effort: what cannot be undone is
/// removed by the next start.
void undo(const Delegation& delegation, int ours, int fleets);

}  // namespace mcpctl::spawn
