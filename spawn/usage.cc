#include "spawn/usage.h"

#include <unistd.h>

namespace mcpctl::spawn {

std::vector<Usage> measure(std::span<Tree* const> trees, ProcessTable& table) {
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  static const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));

  std::vector<Usage> usages;
  usages.reserve(trees.size());
  for (Tree* tree : trees) {
    Usage usage;
    std::uint64_t ticks = 0;
    for (const ProcessStat* member : tree->members(table)) {
      usage.memory_bytes += member->rss_pages * page_bytes;
      ticks += member->cpu_ticks;
      ++usage.processes;
    }
    usage.cpu = Duration{static_cast<Duration::rep>(ticks * 1000 / ticks_per_second)};
    usages.push_back(usage);
  }
  return usages;
}

}  // namespace mcpctl::spawn
