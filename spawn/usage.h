// What servers cost, from one snapshot for all of them.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "spawn/process_table.h"
#include "spawn/tree.h"

namespace mcpctl::spawn {

struct Usage {
  std::uint64_t memory_bytes{0};  ///< resident sets added up; shared pages count twice
  Duration cpu{0};                ///< user and system, with children that members have waited for
  std::size_t processes{0};
  friend bool operator==(const Usage&, const Usage&) = default;
};

/// The usage of each tree, in their order.  Pointers are borrowed and not null.
std::vector<Usage> measure(std::span<Tree* const> trees, ProcessTable& table);

}  // namespace mcpctl::spawn
