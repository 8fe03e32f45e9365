#include "spawn/own_cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "loop/fd.h"
#include "spawn/cgroup_files.h"

namespace mcpctl::spawn {
namespace {

using namespace cgroup;

/// Undoes the octal escapes of mountinfo: blanks, tabs, newlines, backslashes.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '\\' && i + 3 < text.size() + 0 &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr ==
            text.data() + i + 4) {
      plain += static_cast<char>(code);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string_view next_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

/// Whether a list with commas has `word`.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == word) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Whose hierarchy one means: that of version 2, or the one of version 1 with a
/// controller.
bool is_meant(std::string_view filesystem, std::string_view controller) {
  const std::string_view type = next_word(filesystem);
  if (controller.empty()) return type == "cgroup2";
  next_word(filesystem);  // the source
  return type == "cgroup" && lists(filesystem, controller);
}

/// Where group `own` of that hierarchy is mounted.
std::optional<std::string> directory_of(std::string_view own, std::string_view mountinfo,
                                        std::string_view controller) {
  // ID PARENT MAJOR:MINOR ROOT MOUNT_POINT OPTIONS [TAGS…] - TYPE SOURCE OPTIONS
  while (!mountinfo.empty()) {
    std::string_view line = next_line(mountinfo);
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos || !is_meant(line.substr(dash + 3), controller)) continue;
    for (int skipped = 0; skipped < 3; ++skipped) next_word(line);
    const std::string root = unescape(next_word(line));
    const std::string mount_point = unescape(next_word(line));
    if (root == "/") return own == "/" ? mount_point : mount_point + std::string{own};
    // Only a part of the hierarchy is mounted here.
    if (!own.starts_with(root)) continue;
    const std::string_view rest = own.substr(root.size());
    if (rest.empty() || rest.starts_with('/')) return mount_point + std::string{rest};
  }
  return std::nullopt;
}

/// Our group, by /proc/self/cgroup: lines of ID:CONTROLLERS:PATH.
std::optional<std::string_view> path_in(std::string_view membership, std::string_view controller) {
  while (!membership.empty()) {
    std::string_view line = next_line(membership);
    line.remove_prefix(std::min(line.find(':') + 1, line.size()));
    const auto colon = std::min(line.find(':'), line.size());
    const std::string_view controllers = line.substr(0, colon);
    const bool meant = controller.empty() ? controllers.empty() : lists(controllers, controller);
    if (meant && colon < line.size()) return line.substr(colon + 1);
  }
  return std::nullopt;
}

/// What the kernel tells of a process (pidfd_open(2), ioctl PIDFD_GET_INFO, Linux 6.13).
struct ProcessInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t ids_and_exit_code[12];
};
constexpr unsigned long get_process_info = _IOWR(0xff, 11, ProcessInfo);
constexpr std::uint64_t has_cgroup_id = 1u << 2;

/// The kernel's number for our group of version 2; nullopt if it does not tell.
std::optional<std::uint64_t> own_cgroup_id() {
  const loop::Fd self{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
  ProcessInfo info{};
  if (!self || ::ioctl(self.get(), get_process_info, &info) != 0) return std::nullopt;
  return (info.mask & has_cgroup_id) != 0 ? std::optional{info.cgroup_id} : std::nullopt;
}

/// Whether the group with this number lies there: it is the number of its inode, too.
bool is_group(const std::string& directory, std::uint64_t id) {
  struct statfs filesystem{};
  struct stat status{};
  return ::statfs(directory.c_str(), &filesystem) == 0 &&
         filesystem.f_type == CGROUP2_SUPER_MAGIC && ::stat(directory.c_str(), &status) == 0 &&
         status.st_ino == id;
}

}  // namespace

OwnCgroups OwnCgroups::now() {
  return OwnCgroups{read_text(AT_FDCWD, "/proc/self/cgroup").value_or("")};
}

const std::string& OwnCgroups::mountinfo() const {
  if (!mountinfo_) mountinfo_ = read_text(AT_FDCWD, "/proc/self/mountinfo").value_or("");
  return *mountinfo_;
}

/// Where nearly every machine has it, if the kernel confirms that; it is not asked once the
/// list of mounts is here.
std::optional<std::string> OwnCgroups::usual_place(std::string_view own) const {
  const auto id = mountinfo_ ? std::nullopt : own_cgroup_id();
  if (!id) return std::nullopt;
  for (const std::string_view root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    std::string directory{root};
    if (own != "/") directory += own;
    if (is_group(directory, *id)) return directory;
  }
  return std::nullopt;
}

Result<std::string> OwnCgroups::version_2() const {
  const auto own = path_in(membership_, "");
  if (!own) {
    return failure(mountinfo().empty() ? "/proc is not mounted" : "the kernel has no cgroup v2");
  }
  if (own->starts_with("/..")) return failure("our cgroup lies outside of our cgroup namespace");
  auto directory = usual_place(*own);
  if (!directory) directory = directory_of(*own, mountinfo(), "");
  if (!directory) return failure("no cgroup v2 file system is mounted");
  return std::move(*directory);
}

std::optional<std::string> OwnCgroups::version_1(std::string_view controller) const {
  const auto own = path_in(membership_, controller);
  return own ? directory_of(*own, mountinfo(), controller) : std::nullopt;
}

}  // namespace mcpctl::spawn
