#include "control/own_usage.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <memory>

#include "spawn/proc.h"

namespace mcpctl::control {
namespace {

/// Seconds between the epoch and the boot, by today's wall clock.
double boot_time() {
  timespec wall{};
  timespec since_boot{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return static_cast<double>(wall.tv_sec - since_boot.tv_sec) +
         static_cast<double>(wall.tv_nsec - since_boot.tv_nsec) / 1e9;
}

unsigned open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory{::opendir("/proc/self/fd"), &::closedir};
  if (!directory) return 0;
  unsigned count = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count > 0 ? count - 1 : 0;  // without the directory's own
}

}  // namespace

OwnUsage OwnUsage::of_this_process() {
  OwnUsage own;
  const loop::Fd proc = spawn::open_proc();
  spawn::ProcessStat stat;
  if (proc && spawn::read_stat(proc.get(), ::getpid(), stat)) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    own.resident_bytes = stat.rss_pages * page;
    own.started_unix_seconds = boot_time() + static_cast<double>(stat.start_time) / ticks;
  }
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    own.cpu_seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                      static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  }
  own.descriptors = open_descriptors();
  return own;
}

}  // namespace mcpctl::control
