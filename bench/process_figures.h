// What the kernel says about processes: their memory, their time, their wakeups, their end.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mcpctl::bench {

struct Memory {
  double rss_mib{0};  ///< shared pages count in each process
  double pss_mib{0};  ///< shared pages count once
};
Memory memory_of(const std::vector<pid_t>& processes);

/// Of all threads, since they began.
struct Activity {
  double cpu_ms{0};
  std::uint64_t wakeups{0};  ///< voluntary context switches
};
Activity activity_of(const std::vector<pid_t>& processes);

std::vector<pid_t> children_of(pid_t process);
/// The process and all that descend from it, parents first.
std::vector<pid_t> family_of(pid_t process);
/// Empty for one that has ended.
std::vector<std::string> command_line_of(pid_t process);

/// Waits for the end of processes that need not be children.
class EndWatch {
 public:
  explicit EndWatch(const std::vector<pid_t>& processes);
  ~EndWatch();
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;

  /// When the last one ended; 0 if some are left after `limit_ms`.
  std::uint64_t wait(unsigned limit_ms);

 private:
  std::vector<int> descriptors_;
};

}  // namespace mcpctl::bench
