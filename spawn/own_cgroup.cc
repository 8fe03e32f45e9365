#include "spawn/own_cgroup.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <optional>

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

}  // namespace

OwnCgroups OwnCgroups::now() {
  return {read_text(AT_FDCWD, "/proc/self/mountinfo").value_or(""),
          read_text(AT_FDCWD, "/proc/self/cgroup").value_or("")};
}

Result<std::string> OwnCgroups::version_2() const {
  if (mountinfo_.empty()) return failure("/proc is not mounted");
  const auto own = path_in(membership_, "");
  if (!own) return failure("the kernel has no cgroup v2");
  if (own->starts_with("/..")) return failure("our cgroup lies outside of our cgroup namespace");
  auto directory = directory_of(*own, mountinfo_, "");
  if (!directory) return failure("no cgroup v2 file system is mounted");
  return std::move(*directory);
}

std::optional<std::string> OwnCgroups::version_1(std::string_view controller) const {
  const auto own = path_in(membership_, controller);
  return own ? directory_of(*own, mountinfo_, controller) : std::nullopt;
}

}  // namespace mcpctl::spawn
