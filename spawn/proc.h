// Reads /proc without allocating and without streams, so that the warden can use
// it too.  One process costs three system calls (openat, read, close).
#pragma once
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "loop/fd.h"

namespace mcpctl::spawn {

/// What /proc/PID/stat says (proc(5)).
struct ProcessStat {
  pid_t pid{0};
  pid_t parent{0};
  pid_t group{0};
  pid_t session{0};
  char state{'?'};  ///< R S D T t Z X I
  long threads{0};
  std::uint64_t start_time{0};  ///< clock ticks since boot: with the pid, an identity
  std::uint64_t cpu_ticks{0};   ///< user and system, its own and its reaped children's
  std::uint64_t rss_pages{0};
  char command[16]{};  ///< the kernel's short name, null-terminated

  /// False for zombies.  A process whose main thread has ended while others run
  /// shows as zombie too, but lives.
  bool is_alive() const { return (state != 'Z' && state != 'X') || threads > 1; }
};

/// A descriptor of /proc for the calls below; empty if it is not mounted.
loop::Fd open_proc() noexcept;

/// Understands the text of one stat file; a ")" in the command does not confuse it.
bool parse_stat(std::string_view text, ProcessStat& stat) noexcept;

/// False if there is no such process (any more).
bool read_stat(int proc, pid_t pid, ProcessStat& stat) noexcept;

/// Reads a whole small file below `proc` into `buffer`; the length, or -1.
ssize_t read_proc_file(int proc, pid_t pid, const char* name, char* buffer,
                       std::size_t size) noexcept;

/// The pid that a directory entry of /proc stands for; 0 for other entries.
pid_t pid_of_entry(const char* name) noexcept;

/// The list of children of `parent`'s main thread, for for_each_child().
loop::Fd open_children(int proc, pid_t parent) noexcept;

/// This boot's identity, 36 characters; empty if the kernel does not tell.
std::string read_boot_id();

/// The raw getdents64(2); length of what was read, 0 at the end, -1 on error.
ssize_t read_directory(int directory, char* buffer, std::size_t size) noexcept;

/// As the kernel writes it into the buffer (getdents64(2)).
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

/// Calls visit(const ProcessStat&) for every process, in ascending order of pids;
/// false if /proc cannot be read.  Not a moment's picture: a process that is born
/// meanwhile with a higher pid is still visited.  Does not allocate.
template <typename Visit>
bool for_each_process(int proc, Visit&& visit) {
  if (::lseek(proc, 0, SEEK_SET) < 0) return false;
  alignas(DirectoryEntry) char buffer[4096];
  for (;;) {
    const ssize_t length = read_directory(proc, buffer, sizeof buffer);
    if (length <= 0) return length == 0;
    for (ssize_t at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      at += entry->length;
      const pid_t pid = pid_of_entry(entry->name);
      ProcessStat stat;
      if (pid > 0 && read_stat(proc, pid, stat)) visit(static_cast<const ProcessStat&>(stat));
    }
  }
}

/// Calls visit(pid) for every child of the main thread of `parent`, ended ones that
/// nobody reaped included, the latest last (/proc/PID/task/PID/children, proc(5)).
/// False where the kernel keeps no such list.  Does not allocate.  An orphan passes
/// to the end of its new parent's list at the moment in which its parent ends, so a
/// list of ours that is empty says for certain that nothing descends from us.
template <typename Visit>
bool for_each_child(int proc, pid_t parent, Visit&& visit) {
  const loop::Fd list = open_children(proc, parent);
  if (!list) return false;
  char text[4096];
  pid_t pid = 0;
  for (;;) {
    const ssize_t length = ::read(list.get(), text, sizeof text);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return false;
    if (length == 0) return true;
    for (const char c : std::string_view{text, static_cast<std::size_t>(length)}) {
      if (c >= '0' && c <= '9') {
        pid = pid * 10 + (c - '0');
      } else if (pid != 0) {  // each number is followed by a blank
        visit(std::exchange(pid, 0));
      }
    }
  }
}

/// Sends `signal` to the process that is `stat`, never to a successor of its pid:
/// a pidfd is opened first and then its start time compared.  0 or an errno; ESRCH
/// when it is gone.
int send_signal(int proc, const ProcessStat& stat, int signal) noexcept;

}  // namespace mcpctl::spawn
