// Simulated time: what will happen, in the order in which it will.  Ties go by
// the order of planning, so that a seed has exactly one history.
#pragma once
#include <cstdint>
#include <queue>
#include <vector>

#include "base/ids.h"

namespace mcpctl::sim {

enum class What {
  // in the life of a process
  spawn_answered,
  becomes_ready,
  dies_by_itself,
  obeys,  ///< the leader ends as it was told to
  exit_seen,
  polite_straggler_dies,
  kill_lands,
  tree_seen_empty,
  speaks,
  health_worsens,
  health_turns,
  traffic_changes,
  // around it
  deadline,
  fleet_deadline,
  echo,  ///< an event arrives a second time, or too late
  operator_acts,
  removal_is_undone,
};

struct Item {
  Instant at;
  std::uint64_t sequence{0};
  What what{};
  ServerId server;
  Incarnation about;
  std::uint64_t number{0};
};

class Agenda {
 public:
  void plan(Instant at, What what, ServerId server = {}, Incarnation about = {},
            std::uint64_t number = 0) {
    items_.push({at, ++sequence_, what, server, about, number});
  }

  bool is_empty() const { return items_.empty(); }

  Item take() {
    Item next = items_.top();
    items_.pop();
    return next;
  }

 private:
  struct Later {
    bool operator()(const Item& a, const Item& b) const {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
  };
  std::priority_queue<Item, std::vector<Item>, Later> items_;
  std::uint64_t sequence_{0};
};

}  // namespace mcpctl::sim
