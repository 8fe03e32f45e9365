// What /proc tells about processes: the test's own eyes, which share no code with
// the product.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/nobody.h"

namespace mcpctl::e2e {

using mcpctl::nobody;

struct Process {
  pid_t pid{0};
  pid_t parent{0};
  char state{0};  ///< of proc(5); 'Z' is a zombie
  std::string command;
};

/// Everything in /proc now.
std::vector<Process> all_processes();

/// Those whose environment holds a variable MCPCTL_ID that starts with `prefix`;
/// zombies have no environment and are not among them.
std::vector<Process> carrying_cookie(std::string_view prefix);

std::vector<Process> children_of(pid_t parent);
/// Its children, theirs, and so on.
std::vector<Process> all_below(pid_t ancestor);

/// Whether one of the processes that misbehave with --held=`file` lives.  The kernel
/// tells: /proc shows no chain of forks that is quick enough.
bool is_held(const std::string& file);

/// Exists and is no zombie.
bool is_alive(pid_t pid);

/// The pids that a misbehaving server wrote to its --pids file for `role` (all if
/// empty).
std::vector<pid_t> recorded_pids(const std::string& file, std::string_view role = "");

/// The processes of the pid namespace that `first` is PID 1 of: what each is called in
/// there, and out here.
std::map<pid_t, pid_t> pids_in_namespace_of(pid_t first);

std::uint64_t resident_bytes(pid_t pid);
/// The sum of the time on a processor, in user and kernel mode.
std::uint64_t cpu_ms(pid_t pid);
/// How often any thread of it went to sleep so far: what is idle sleeps once.
std::uint64_t sleeps(pid_t pid);
std::size_t open_descriptors(pid_t pid);
/// What they are, sorted: "/dev/null", "pipe:[123]", "socket:[456]", "tcp:[789]" (IPv4).
std::vector<std::string> descriptors_of(pid_t pid);

/// The clients that whoever listens on the Unix socket `path` accepted and still holds.
std::size_t accepted_clients(const std::string& path);

/// "pid 12 (misbehave), pid 13 (sh)"; "" for none.
std::string describe(const std::vector<Process>& processes);

}  // namespace mcpctl::e2e
