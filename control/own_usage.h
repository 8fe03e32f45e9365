// What the supervisor itself costs, from /proc: one directory and one file.
#pragma once
#include <cstdint>

namespace mcpctl::control {

/// Zero where the kernel does not tell.
struct OwnUsage {
  std::uint64_t resident_bytes{0};
  double cpu_seconds{0};
  unsigned descriptors{0};
  double started_unix_seconds{0};

  static OwnUsage of_this_process();
};

}  // namespace mcpctl::control
