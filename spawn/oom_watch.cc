#include "spawn/oom_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "spawn/cgroup_files.h"

namespace mcpctl::spawn {

OomWatch::OomWatch(const std::string& file)
    : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), seen_(count()) {}

OomWatch OomWatch::of(const OwnCgroups& own) {
  if (const auto group = own.version_2()) {
    OomWatch watch{*group + "/memory.events"};
    if (watch.file_) return watch;  // not in the root group, nor without the controller
  }
  const auto group = own.version_1("memory");
  return group ? OomWatch{*group + "/memory.oom_control"} : OomWatch{};
}

std::uint64_t OomWatch::count() const {
  if (!file_) return 0;
  char text[512];
  const ssize_t length = ::pread(file_.get(), text, sizeof text, 0);
  if (length <= 0) return seen_;
  const std::string_view whole{text, static_cast<std::size_t>(length)};
  return cgroup::number_of(whole, "oom_kill").value_or(seen_);
}

bool OomWatch::has_killed() {
  const std::uint64_t now = count();
  return now > std::exchange(seen_, now);
}

}  // namespace mcpctl::spawn
