#include "processes.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace mcpctl::e2e {

namespace {

namespace fs = std::filesystem;

/// Of a process that may go away in the middle of it: then what came before.
std::string contents(const fs::path& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[8192];
  for (ssize_t length = 0; (length = ::read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(length));
  }
  ::close(fd);
  return text;
}

fs::path below_proc(pid_t pid, const char* name) {
  return fs::path{"/proc"} / std::to_string(pid) / name;
}

/// The fields of /proc/PID/stat from the third on; the second may hold blanks.
std::vector<std::string> stat_fields(pid_t pid) {
  const std::string text = contents(below_proc(pid, "stat"));
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest{text.substr(end + 1)};
  return {std::istream_iterator<std::string>{rest}, {}};
}

/// pid 0 for one that has gone.
Process look_at(pid_t pid) {
  const std::vector<std::string> fields = stat_fields(pid);
  if (fields.size() < 2) return {};
  const std::string text = contents(below_proc(pid, "comm"));
  return {pid, std::stoi(fields[1]), fields[0][0], text.substr(0, text.find('\n'))};
}

}  // namespace

std::vector<Process> all_processes() {
  std::vector<Process> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator{"/proc", gone}) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ptr != name.data() + name.size()) continue;
    if (Process process = look_at(pid); process.pid != 0) found.push_back(std::move(process));
  }
  return found;
}

std::vector<Process> carrying_cookie(std::string_view prefix) {
  const std::string wanted = "MCPCTL_ID=" + std::string{prefix};
  std::vector<Process> found = all_processes();
  std::erase_if(found, [&wanted](const Process& process) {
    const std::string environment = contents(below_proc(process.pid, "environ"));
    return !environment.starts_with(wanted) && environment.find('\0' + wanted) == std::string::npos;
  });
  return found;
}

std::vector<Process> children_of(pid_t parent) {
  std::vector<Process> found = all_processes();
  std::erase_if(found, [parent](const Process& process) { return process.parent != parent; });
  return found;
}

std::vector<Process> all_below(pid_t ancestor) {
  std::vector<Process> found = children_of(ancestor);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (Process& child : children_of(found[i].pid)) found.push_back(std::move(child));
  }
  return found;
}

bool is_held(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  const bool is_free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  ::close(fd);
  return !is_free;
}

bool is_alive(pid_t pid) {
  const Process process = look_at(pid);
  return process.pid != 0 && process.state != 'Z' && process.state != 'X';
}

std::vector<pid_t> recorded_pids(const std::string& file, std::string_view role) {
  std::vector<pid_t> pids;
  std::ifstream in{file};
  std::string each;
  for (pid_t pid = 0; in >> each >> pid;) {
    if (role.empty() || each == role) pids.push_back(pid);
  }
  return pids;
}

std::map<pid_t, pid_t> pids_in_namespace_of(pid_t first) {
  std::error_code gone;
  const fs::path wanted = fs::read_symlink(below_proc(first, "ns/pid"), gone);
  std::map<pid_t, pid_t> found;
  if (gone) return found;
  for (const Process& process : all_processes()) {
    if (fs::read_symlink(below_proc(process.pid, "ns/pid"), gone) != wanted) continue;
    // proc(5): the pid in each nested namespace, this one's last.
    const std::string status = contents(below_proc(process.pid, "status"));
    const std::size_t line = status.find("\nNSpid:");
    if (line == std::string::npos) continue;
    const std::string pids = status.substr(line + 1, status.find('\n', line + 1) - line - 1);
    found[std::stoi(pids.substr(pids.rfind('\t') + 1))] = process.pid;
  }
  return found;
}

std::uint64_t resident_bytes(pid_t pid) {
  std::istringstream in{contents(below_proc(pid, "statm"))};
  std::uint64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t cpu_ms(pid_t pid) {
  const std::vector<std::string> fields = stat_fields(pid);
  if (fields.size() < 13) return 0;
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return (std::stoull(fields[11]) + std::stoull(fields[12])) * 1000 / ticks;
}

std::uint64_t sleeps(pid_t pid) {
  constexpr std::string_view name = "\nvoluntary_ctxt_switches:";
  std::uint64_t sum = 0;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator{below_proc(pid, "task"), gone}) {
    const std::string status = contents(thread.path() / "status");
    const std::size_t at = status.find(name);
    if (at != std::string::npos) sum += std::stoull(status.substr(at + name.size()));
  }
  return sum;
}

namespace {

/// As /proc shows them among descriptors: "socket:[456]".
std::set<std::string> tcp_sockets() {
  std::set<std::string> found;
  std::ifstream table{"/proc/net/tcp"};
  std::string line;
  std::getline(table, line);  // the heading
  while (std::getline(table, line)) {
    std::istringstream words{line};
    std::string inode;
    for (int column = 0; column < 10; ++column) words >> inode;
    found.insert("socket:[" + inode + ']');
  }
  return found;
}

}  // namespace

std::size_t open_descriptors(pid_t pid) { return descriptors_of(pid).size(); }

std::vector<std::string> descriptors_of(pid_t pid) {
  std::vector<std::string> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator{below_proc(pid, "fd"), gone}) {
    found.push_back(fs::read_symlink(entry.path(), gone));  // "" if closed meanwhile
  }
  const std::set<std::string> tcp = tcp_sockets();
  for (std::string& descriptor : found) {
    if (tcp.contains(descriptor)) descriptor.replace(0, descriptor.find(':'), "tcp");
  }
  std::ranges::sort(found);
  return found;
}

std::size_t accepted_clients(const std::string& path) {
  constexpr std::string_view connected = "03";
  std::ifstream table{"/proc/net/unix"};
  std::size_t count = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words{line};
    std::string other, state, inode, name;
    for (int column = 0; column < 5; ++column) words >> other;
    words >> state >> inode >> name;
    // One that waits to be accepted has no inode yet.
    if (name == path && state == connected && inode != "0") ++count;
  }
  return count;
}

std::string describe(const std::vector<Process>& processes) {
  std::string text;
  for (const Process& process : processes) {
    if (!text.empty()) text += ", ";
    text += "pid " + std::to_string(process.pid) + " (" + process.command + ')';
  }
  return text;
}

}  // namespace mcpctl::e2e
