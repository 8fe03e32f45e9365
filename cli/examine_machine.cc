// The checks of the machine itself: what does it offer a supervisor, and how much?
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <limits>
#include <string>

#include "cli/examination.h"
#include "loop/fd.h"
#include "runtime/runtime_dir.h"
#include "spawn/cgroup.h"

namespace mcpctl::cli {
namespace {

/// Of a stdio server: three pipes, a pidfd, a log file, a connection, and some to spare.
constexpr std::uint64_t descriptors_per_server = 8;
constexpr std::uint64_t descriptors_of_ours = 64;
/// Enough to watch the sources of a small fleet, beside an editor that watches, too.
constexpr long modest_watches = 8192;

void check_runtime_folder(const Subject& subject, Notes& notes) {
  const auto directory = runtime::RuntimeDir::open();
  if (!directory) {
    return notes.problem("", directory.error().message,
                         "set XDG_RUNTIME_DIR to a folder of yours with mode 0700");
  }
  const std::string& fleet = subject.reading.config.name;
  if (!fleet.empty()) {
    if (const auto socket = directory->socket_of(fleet); !socket) {
      return notes.problem("", socket.error().message,
                           "give the fleet a shorter \"name\", or set XDG_RUNTIME_DIR");
    }
  }
  if (::access(directory->path().c_str(), W_OK | X_OK) != 0) {
    return notes.problem("", directory->path() + " is not writable",
                         "set XDG_RUNTIME_DIR to a folder of yours with mode 0700");
  }
  notes.ok("sockets in " + directory->path());
}

/// True when the kernel has the call; one that a seccomp filter forbids counts as missing.
bool has_call(long number, long argument) {
  const loop::Fd result{static_cast<int>(::syscall(number, argument, 0L))};
  return result || (errno != ENOSYS && errno != EPERM);
}

void check_kernel(const Subject&, Notes& notes) {
  int subreaper = 0;
  if (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) != 0) {
    notes.problem("", "the kernel knows no subreaper (prctl), or a filter forbids it",
                  "use Linux 3.4 or newer: escaped processes could not be found");
  }
  if (!has_call(SYS_pidfd_open, ::getpid())) {
    notes.warning("", "no pidfd_open (Linux 5.3), or a seccomp filter forbids it",
                  "allow it: exits are then noticed without scanning");
  }
  // With a size of 0 it does nothing but tell whether it is there.
  if (!has_call(SYS_clone3, 0)) {
    notes.warning("", "no clone3 (Linux 5.3), or a seccomp filter forbids it",
                  "allow it: servers are then born inside their control group");
  }
  if (notes.is_clean()) notes.ok("pidfd, clone3 and subreaper are there");
}

void check_control_groups(const Subject& subject, Notes& notes) {
  bool are_limits_wanted = false;
  for (const config::Server& server : subject.reading.config.servers) {
    are_limits_wanted = are_limits_wanted || server.memory != 0 || server.pids != 0;
  }
  // The same way as a fleet does; it goes away with this variable.
  const auto group = spawn::FleetCgroup::create("doctor");
  if (!group) {
    const std::string fact = "no control groups: " + group.error().message;
    const std::string advice =
        "servers are supervised without; to have them, use cgroup v2 and systemd's Delegate=yes";
    if (are_limits_wanted) {
      return notes.warning("", fact + "; \"pids\" cannot be limited, \"memory\" only by restarts",
                           advice);
    }
    return notes.ok(fact + " (not needed: nothing is limited)");
  }
  std::string controllers;
  std::getline(std::ifstream{group->path() + "/cgroup.controllers"}, controllers);
  for (const char* wanted : {"memory", "pids"}) {
    if (!are_limits_wanted ||
        (" " + controllers + " ").find(std::string{" "} + wanted + " ") != std::string::npos) {
      continue;
    }
    notes.warning("",
                  std::string{"the "} + wanted + " controller is not available in " + group->path(),
                  "enable it in cgroup.subtree_control above, or use Delegate=yes");
  }
  if (notes.is_clean()) notes.ok("control groups below " + group->path());
}

void check_descriptors(const Subject& subject, Notes& notes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const std::uint64_t need =
      descriptors_of_ours + descriptors_per_server * subject.reading.config.servers.size();
  const std::string have = limit.rlim_max == RLIM_INFINITY
                               ? "without a limit"
                               : "up to " + std::to_string(limit.rlim_max);
  const std::string fact =
      "open files: " + have + "; this fleet needs about " + std::to_string(need);
  if (limit.rlim_max < need) {
    notes.problem("", fact, "raise the hard limit: ulimit -Hn, LimitNOFILE= or --ulimit nofile");
  } else {
    notes.ok(fact);
  }
}

long number_in(const std::string& file) {
  long number = std::numeric_limits<long>::max();
  std::ifstream{file} >> number;
  return number;
}

void check_inotify(const Subject&, Notes& notes) {
  const std::string folder = "/proc/sys/fs/inotify/";
  const long watches = number_in(folder + "max_user_watches");
  if (watches < modest_watches) {
    return notes.warning("", "only " + std::to_string(watches) + " files can be watched",
                         "sysctl fs.inotify.max_user_watches=65536, for run --watch");
  }
  const loop::Fd instance{::inotify_init1(IN_CLOEXEC)};
  if (!instance) {
    return notes.warning("", "all of this user's inotify instances are in use",
                         "sysctl fs.inotify.max_user_instances=512, for run --watch");
  }
  notes.ok("files can be watched");
}

constexpr std::array all_machine_checks{
    Check{"runtime folder", check_runtime_folder},
    Check{"kernel", check_kernel},
    Check{"control groups", check_control_groups},
    Check{"open files", check_descriptors},
    Check{"inotify", check_inotify},
};

}  // namespace

std::span<const Check> machine_checks() { return all_machine_checks; }

}  // namespace mcpctl::cli
