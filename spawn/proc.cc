#include "spawn/proc.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

namespace mcpctl::spawn {

using loop::Fd;

Fd open_proc() noexcept { return Fd{::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)}; }

bool parse_stat(std::string_view text, ProcessStat& stat) noexcept {
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return false;
  }
  std::from_chars(text.data(), text.data() + open, stat.pid);
  const auto length = std::min(close - open - 1, sizeof stat.command - 1);
  std::memcpy(stat.command, text.data() + open + 1, length);
  stat.command[length] = '\0';

  // Fields 3 (state) to 24 (rss), counted from 1 as in proc(5).
  constexpr std::size_t first = 3;
  constexpr std::size_t last = 24;
  std::array<std::int64_t, last + 1> field{};
  text.remove_prefix(close + 1);
  for (std::size_t i = first; i <= last; ++i) {
    const auto start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) return false;
    text.remove_prefix(start);
    const auto end = std::min(text.find(' '), text.size());
    if (i == first) {
      stat.state = text.front();
    } else {
      std::from_chars(text.data(), text.data() + end, field[i]);
    }
    text.remove_prefix(end);
  }
  stat.parent = static_cast<pid_t>(field[4]);
  stat.group = static_cast<pid_t>(field[5]);
  stat.session = static_cast<pid_t>(field[6]);
  stat.cpu_ticks = static_cast<std::uint64_t>(field[14] + field[15] + field[16] + field[17]);
  stat.threads = static_cast<long>(field[20]);
  stat.start_time = static_cast<std::uint64_t>(field[22]);
  stat.rss_pages = static_cast<std::uint64_t>(std::max<std::int64_t>(field[24], 0));
  return true;
}

ssize_t read_proc_file(int proc, pid_t pid, const char* name, char* buffer,
                       std::size_t size) noexcept {
  char path[64];
  char* end = std::to_chars(path, path + 16, pid).ptr;
  *end++ = '/';
  const std::size_t name_length = std::strlen(name);
  if (name_length >= static_cast<std::size_t>(path + sizeof path - end)) return -1;
  std::memcpy(end, name, name_length + 1);

  const Fd fd{::openat(proc, path, O_RDONLY | O_CLOEXEC)};
  if (!fd) return -1;
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t length = ::read(fd.get(), buffer + filled, size - filled);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return -1;
    if (length == 0) break;
    filled += static_cast<std::size_t>(length);
    if (size <= 1024) break;  // stat comes in one piece; spare the second read
  }
  return static_cast<ssize_t>(filled);
}

bool read_stat(int proc, pid_t pid, ProcessStat& stat) noexcept {
  char text[1024];
  const ssize_t length = read_proc_file(proc, pid, "stat", text, sizeof text);
  return length > 0 && parse_stat({text, static_cast<std::size_t>(length)}, stat);
}

pid_t pid_of_entry(const char* name) noexcept {
  if (*name < '1' || *name > '9') return 0;
  pid_t pid = 0;
  const char* const end = name + std::strlen(name);
  const auto [stop, error] = std::from_chars(name, end, pid);
  return error == std::errc{} && stop == end ? pid : 0;
}

Fd open_children(int proc, pid_t parent) noexcept {
  char path[64];
  char* end = std::to_chars(path, path + 16, parent).ptr;
  for (const char c : std::string_view{"/task/"}) *end++ = c;
  end = std::to_chars(end, end + 16, parent).ptr;
  std::strcpy(end, "/children");
  return Fd{::openat(proc, path, O_RDONLY | O_CLOEXEC)};
}

std::string read_boot_id() {
  const Fd fd{::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)};
  char text[64];
  const ssize_t length = fd ? ::read(fd.get(), text, sizeof text) : -1;
  if (length <= 0) return {};
  const std::string_view line{text, static_cast<std::size_t>(length)};
  return std::string(line.substr(0, line.find('\n')));
}

ssize_t read_directory(int directory, char* buffer, std::size_t size) noexcept {
  return ::syscall(SYS_getdents64, directory, buffer, size);
}

int send_signal(int proc, const ProcessStat& stat, int signal) noexcept {
  const Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, stat.pid, 0))};
  if (!pidfd && errno != ENOSYS && errno != EPERM) return errno;
  ProcessStat now;
  if (!read_stat(proc, stat.pid, now) || now.start_time != stat.start_time) return ESRCH;
  const long result = pidfd ? ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0)
                            : ::kill(stat.pid, signal);
  return result == 0 ? 0 : errno;
}

}  // namespace mcpctl::spawn
