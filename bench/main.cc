// Measures mcpctl against a raw floor on this machine, in the same run: figures and
// ratios, never a verdict.  docs/PERFORMANCE.md shows what they were.
#include <sys/resource.h>
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "bench/rows.h"
#include "bench/table.h"

using namespace mcpctl::bench;

namespace {

int usage() {
  std::fputs("usage: bench [NAME...]   the usual ones, or these:\n", stderr);
  for (const Row& row : rows()) {
    std::fprintf(stderr, "  %-11s %s\n", row.name.data(), row.about.data());
  }
  return 2;
}

/// A pidfd per child to see it end.
void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int count, char** words) {
  std::vector<const Row*> chosen;
  for (int i = 1; i < count; ++i) {
    const auto found = std::ranges::find(rows(), std::string_view{words[i]}, &Row::name);
    if (found == rows().end()) return usage();
    chosen.push_back(&*found);
  }
  if (chosen.empty()) {
    for (const Row& row : rows()) {
      if (row.is_usual) chosen.push_back(&row);
    }
  }
  raise_descriptor_limit();
  print_heading();
  for (const Row* row : chosen) row->measure();
  return 0;
}
