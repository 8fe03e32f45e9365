#include "cli/port_holder.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace mcpctl::cli {
namespace {

namespace fs = std::filesystem;

/// The inodes of sockets that listen on `port` (proc(5), /proc/net/tcp).
std::set<std::string> listeners(const char* table, std::uint16_t port) {
  constexpr std::string_view listening = "0A";
  std::set<std::string> inodes;
  std::ifstream in{table};
  std::string line;
  std::getline(in, line);  // the titles
  while (std::getline(in, line)) {
    std::istringstream fields{line};
    std::string slot, local, remote, state, queues, timer, retries, user, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retries >> user >> timeout >>
        inode;
    const std::size_t colon = local.rfind(':');
    if (state != listening || colon == std::string::npos) continue;
    unsigned number = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
    if (number == port) inodes.insert(inode);
  }
  return inodes;
}

bool holds(const fs::path& process, const std::set<std::string>& links) {
  std::error_code error;
  for (fs::directory_iterator entry{process / "fd", error}, end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    if (links.contains(fs::read_symlink(entry->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::string port_holder(std::uint16_t port) {
  std::set<std::string> links;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (const std::string& inode : listeners(table, port)) links.insert("socket:[" + inode + "]");
  }
  if (links.empty()) return "";
  std::error_code error;
  for (fs::directory_iterator entry{"/proc", error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename().string();
    const bool is_process = pid.find_first_not_of("0123456789") == std::string::npos;
    if (!is_process || !holds(entry->path(), links)) continue;
    std::string program;
    std::getline(std::ifstream{entry->path() / "comm"}, program);
    return program + " (pid " + pid + ")";
  }
  return "another user's process";
}

}  // namespace mcpctl::cli
