#include "spawn/cgroup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "base/hex.h"
#include "spawn/cgroup_files.h"
#include "spawn/proc.h"

namespace mcpctl::spawn {
namespace {

using loop::Fd;
using namespace cgroup;

/// Groups of one server that outlived their incarnation, because SIGKILL did not end it.
constexpr unsigned most_siblings = 100;

/// A directory name from a server's or fleet's; distinct names stay distinct.
std::string directory_name(std::string_view name) {
  std::string safe;
  for (const char c : name) {
    const bool plain = is_alphanumeric(c) || c == '-' || c == '_' || (c == '.' && !safe.empty());
    if (plain) {
      safe += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      (safe += '%') += hex({&byte, 1});
    }
  }
  return safe;
}

std::string fleet_prefix(std::string_view fleet) { return "mcpctl-" + directory_name(fleet) + "-"; }

std::vector<std::string> subdirectories(int directory) {
  std::vector<std::string> names;
  alignas(DirectoryEntry) char buffer[4096];
  if (::lseek(directory, 0, SEEK_SET) < 0) return names;
  for (ssize_t length; (length = read_directory(directory, buffer, sizeof buffer)) > 0;) {
    for (ssize_t at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      at += entry->length;
      const std::string_view name{entry->name};
      constexpr unsigned char is_directory = 4;  // DT_DIR
      if (entry->type == is_directory && name != "." && name != "..") names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace

Cgroup::Cgroup(int fleet, std::string name) : fleet_(fleet), name_(std::move(name)) {}

Cgroup::Cgroup(Cgroup&& other) noexcept { *this = std::move(other); }

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  if (this == &other) return *this;
  remove();
  fleet_ = other.fleet_;
  name_ = std::exchange(other.name_, {});
  is_untouched_ = other.is_untouched_;
  may_be_populated_ = other.may_be_populated_;
  is_counted_ = other.is_counted_;
  oom_kills_ = other.oom_kills_;
  return *this;
}

Cgroup::~Cgroup() { remove(); }

void Cgroup::remove() noexcept {
  if (name_.empty() || ::unlinkat(fleet_, name_.c_str(), AT_REMOVEDIR) == 0) return;
  // What a server made below; the kernel refuses while anything lives in it.
  const Fd directory = open_directory(fleet_, name_.c_str());
  if (!directory) return;
  for (const auto& name : subdirectories(directory.get())) {
    ::unlinkat(directory.get(), name.c_str(), AT_REMOVEDIR);
  }
  ::unlinkat(fleet_, name_.c_str(), AT_REMOVEDIR);
}

Fd Cgroup::open() {
  may_be_populated_ = true;
  is_counted_ = false;
  return Fd{::openat(fleet_, name_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
}

std::optional<std::uint64_t> Cgroup::number(const char* file, std::string_view key) const {
  return read_number(fleet_, path(file).c_str(), key);
}

std::vector<std::string> Cgroup::limit(const CgroupLimits& limits) {
  is_untouched_ = false;
  std::vector<std::string> refusals;
  const auto set = [&](const char* file, const char* controller, std::uint64_t value) {
    const int error =
        write_text(fleet_, path(file).c_str(), value == 0 ? "max" : std::to_string(value));
    if (error == 0 || value == 0) return;  // no limit wanted, none there
    std::string why = error == ENOENT
                          ? std::string("the ") + controller + " controller is not available here"
                          : std::string(std::strerror(error));
    refusals.push_back(std::string(file) + ": " + why);
  };
  set("memory.max", "memory", limits.memory);
  set("pids.max", "pids", limits.pids);
  return refusals;
}

std::optional<bool> Cgroup::is_populated() {
  if (!may_be_populated_) return false;
  const auto populated = number("cgroup.events", "populated");
  if (!populated) return std::nullopt;
  may_be_populated_ = *populated != 0;
  return may_be_populated_;
}

bool Cgroup::kill() {
  is_untouched_ = false;
  return write_text(fleet_, path("cgroup.kill").c_str(), "1") == 0;
}

bool Cgroup::is_as_new() {
  constexpr nlink_t without_directories = 2;
  struct stat status{};
  return is_untouched_ && ::fstatat(fleet_, name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         status.st_nlink == without_directories && !is_populated().value_or(true) &&
         oom_kills().value_or(0) == 0;
}

std::vector<pid_t> Cgroup::processes() const {
  auto pids = cgroup::processes(fleet_, path("cgroup.procs").c_str());
  std::erase(pids, 0);
  return pids;
}

std::optional<std::uint64_t> Cgroup::oom_kills() {
  if (!is_counted_) oom_kills_ = number("memory.events", "oom_kill");
  is_counted_ = !may_be_populated_;
  return oom_kills_;
}

Result<FleetCgroup> FleetCgroup::create(std::string_view fleet, const CgroupWishes& wishes,
                                        const OwnCgroups& own) {
  auto where = own.version_2();
  if (!where) return std::unexpected(std::move(where.error()));
  return create_below(*where, fleet, wishes);
}

Result<FleetCgroup> FleetCgroup::create_below(const std::string& where, std::string_view fleet,
                                              const CgroupWishes& wishes) {
  const auto cannot = [&](const std::string& path, int error) {
    return failure("cannot create control group " + path + ": " + std::strerror(error));
  };
  Fd parent = open_directory(AT_FDCWD, where.c_str());
  if (!parent) return cannot(where, errno);

  const std::string name = fleet_prefix(fleet) + std::to_string(::getpid());
  std::string path = where + (where.ends_with('/') ? "" : "/") + name;
  if (::mkdirat(parent.get(), name.c_str(), 0755) != 0) {
    if (errno != EEXIST) return cannot(path, errno);
    remove_stale_cgroups(where, fleet);  // one of a dead run with our pid
    ::mkdirat(parent.get(), name.c_str(), 0755);
  }
  Fd directory = open_directory(parent.get(), name.c_str());
  if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return cannot(path, errno);

  FleetCgroup made{std::move(directory), std::move(parent), std::move(path)};
  // Who puts a process into a group must have the right to write at both ends
  // (cgroups(7), delegation containment).
  if (::faccessat(made.directory_.get(), "cgroup.procs", W_OK, AT_EACCESS) != 0 ||
      ::faccessat(made.parent_.get(), "cgroup.procs", W_OK, AT_EACCESS) != 0) {
    return cannot(made.path_, errno);
  }
  made.delegation_ = delegate(made.parent_.get(), made.directory_.get(), wishes);
  return made;
}

FleetCgroup::~FleetCgroup() {
  if (!directory_) return;
  undo(delegation_, parent_.get(), directory_.get());
  ::rmdir(path_.c_str());
}

Result<Cgroup> FleetCgroup::incarnation_of(std::string_view server) const {
  const std::string wanted = directory_name(server);
  std::string directory = wanted;
  // Never one that exists: what the kernel did to it, it does to the newcomer, too.
  for (unsigned number = 2; ::mkdirat(directory_.get(), directory.c_str(), 0755) != 0; ++number) {
    if (errno != EEXIST || number > most_siblings) {
      return failure("cannot create control group " + path_ + "/" + directory + ": " +
                     std::strerror(errno));
    }
    directory = wanted + "." + std::to_string(number);
  }
  return Cgroup{directory_.get(), std::move(directory)};
}

std::vector<std::string> remove_stale_cgroups(const std::string& where, std::string_view fleet) {
  std::vector<std::string> removed;
  const Fd parent = open_directory(AT_FDCWD, where.c_str());
  if (!parent) return removed;
  const std::string prefix = fleet_prefix(fleet);
  for (auto& name : subdirectories(parent.get())) {
    if (!name.starts_with(prefix)) continue;
    // mcpctl-a-b-7 is fleet "a-b", not a run of fleet "a".
    if (name.find_first_not_of("0123456789", prefix.size()) != std::string::npos) continue;
    const Fd stale = open_directory(parent.get(), name.c_str());
    if (!stale || ::flock(stale.get(), LOCK_EX | LOCK_NB) != 0) continue;
    write_text(stale.get(), "cgroup.kill", "1");
    for (const auto& server : subdirectories(stale.get())) {
      ::unlinkat(stale.get(), server.c_str(), AT_REMOVEDIR);
    }
    if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0) {
      removed.push_back(std::move(name));
    }
  }
  return removed;
}

}  // namespace mcpctl::spawn
