#include "spawn/process_table.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ranges>

#include "spawn/cookie.h"

namespace mcpctl::spawn {

ProcessTable::ProcessTable(std::function<bool(pid_t)> is_leader, loop::Fd proc)
    : proc_(std::move(proc)), is_leader_(std::move(is_leader)) {}

Result<void> ProcessTable::refresh() {
  adopted_.clear();
  newcomers_.clear();
  adopted_is_known_ = false;
  has_undetermined_orphan_ = false;
  by_parent_.clear();
  by_session_.clear();
  by_group_.clear();
  processes_.clear();
  if (!proc_) proc_ = open_proc();
  if (!for_each_process(proc_.get(),
                        [this](const ProcessStat& process) { processes_.push_back(process); })) {
    processes_.clear();
    return failure(std::string("cannot read /proc: ") + std::strerror(errno));
  }
  file_all();
  forget_the_dead();
  return {};
}

void ProcessTable::file_all() {
  // The kernel lists pids in ascending order; one that wrapped round is filed too.
  std::ranges::sort(processes_, {}, &ProcessStat::pid);
  for (const ProcessStat& process : processes_) {
    by_parent_.push_back({process.parent, &process});
    by_session_.push_back({process.session, &process});
    by_group_.push_back({process.group, &process});
  }
  for (auto* links : {&by_parent_, &by_session_, &by_group_}) {
    std::ranges::sort(*links, [](const Link& a, const Link& b) {
      return std::pair{a.key, a.process->pid} < std::pair{b.key, b.process->pid};
    });
  }
}

void ProcessTable::forget_the_dead() {
  std::erase_if(cookies_, [this](const auto& known) {
    const ProcessStat* const process = find(known.first);
    return process == nullptr || process->start_time != known.second.start_time;
  });
}

const ProcessStat* ProcessTable::find(pid_t pid) const {
  const auto at = std::ranges::lower_bound(processes_, pid, {}, &ProcessStat::pid);
  return at != processes_.end() && at->pid == pid ? &*at : nullptr;
}

std::span<const ProcessTable::Link> ProcessTable::filed(const std::vector<Link>& links, pid_t key) {
  const auto found = std::ranges::equal_range(links, key, {}, &Link::key);
  return {found.begin(), found.end()};
}

/// nullopt where it cannot be told: the process has no environment yet, or has ended.
std::optional<std::string> ProcessTable::read_cookie(pid_t pid) {
  constexpr std::size_t start_size = 16u << 10;
  constexpr std::size_t size_max = 4u << 20;
  if (environment_.size() < start_size) environment_.resize(start_size);
  std::size_t length = 0;
  for (;;) {
    const ssize_t got =
        read_proc_file(proc_.get(), pid, "environ", environment_.data(), environment_.size());
    if (got < 0) {
      const bool is_secret = errno == EACCES || errno == EPERM;
      return is_secret ? std::optional{std::string{}} : std::nullopt;
    }
    length = static_cast<std::size_t>(got);
    if (length < environment_.size() || environment_.size() >= size_max) break;
    environment_.resize(environment_.size() * 4);
  }
  char first;
  if (length == 0 && (read_proc_file(proc_.get(), pid, "cmdline", &first, 1) == 0 ||
                      read_proc_file(proc_.get(), pid, "environ", &first, 1) != 0)) {
    return std::nullopt;  // exec had taken the old memory and not yet set up the new
  }
  for (std::string_view rest{environment_.data(), length}; !rest.empty();) {
    const auto end = std::min(rest.find('\0'), rest.size());
    const std::string_view entry = rest.substr(0, end);
    if (entry.size() > cookie_variable.size() && entry.starts_with(cookie_variable) &&
        entry[cookie_variable.size()] == '=') {
      return std::string(entry.substr(cookie_variable.size() + 1));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::string{};
}

std::string_view ProcessTable::cookie_of(const ProcessStat& process) {
  const auto known = cookies_.find(process.pid);
  if (known != cookies_.end()) return known->second.cookie;
  auto cookie = read_cookie(process.pid);
  if (!cookie) {
    has_undetermined_orphan_ = true;
    return {};
  }
  ProcessStat now;
  const bool is_still_it =
      read_stat(proc_.get(), process.pid, now) && now.start_time == process.start_time;
  if (!is_still_it) {
    has_undetermined_orphan_ = true;
    return {};
  }
  return cookies_.emplace(process.pid, KnownCookie{process.start_time, std::move(*cookie)})
      .first->second.cookie;
}

std::vector<pid_t> ProcessTable::adopters() const {
  const pid_t self = ::getpid();
  int is_subreaper = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
  std::vector<pid_t> found{self};
  if (is_subreaper != 0 || self == 1) return found;
  // Without the right to adopt, one of our ancestors does.
  for (const pid_t ancestor : ancestors()) found.push_back(ancestor);
  return found;
}

std::vector<pid_t> ProcessTable::ancestors() const {
  std::vector<pid_t> found;
  for (const ProcessStat* at = find(::getpid()); at != nullptr && at->parent > 0;) {
    found.push_back(at->parent);
    at = find(at->parent);
  }
  return found;
}

void ProcessTable::look_at_adopted() {
  if (adopted_is_known_) return;
  adopted_is_known_ = true;
  has_undetermined_orphan_ = false;
  const pid_t self = ::getpid();
  const std::vector<pid_t> all_adopters = adopters();
  for (const pid_t adopter : all_adopters) {
    for (const Link& link : children_of(adopter)) {
      if (!link.process->is_alive() || link.process->pid == self) continue;
      if (is_leader_ && is_leader_(link.process->pid)) continue;
      const std::string_view cookie = cookie_of(*link.process);
      if (!cookie.empty()) adopted_.push_back({cookie, link.process});
    }
  }
  // Between reading a process and its parent the parent may have ended, and if pids have
  // begun anew it is still there as a zombie: an orphan that this snapshot does not show as
  // adopted yet.  A second look tells it from one whose parent we may never see (hidepid,
  // another pid namespace).
  for (const ProcessStat& process : processes_) {
    if (process.parent <= 0 || !process.is_alive()) continue;
    const ProcessStat* const parent = find(process.parent);
    if (parent != nullptr && parent->is_alive()) continue;
    ProcessStat now;
    if (!read_stat(proc_.get(), process.pid, now) || now.start_time != process.start_time ||
        std::ranges::find(all_adopters, now.parent) == all_adopters.end()) {
      continue;
    }
    const std::string_view cookie = cookie_of(process);
    if (cookie.empty()) {
      has_undetermined_orphan_ = true;
    } else {
      adopted_.push_back({cookie, &process});
    }
  }
  look_at_newcomers();
  std::ranges::sort(adopted_, [](const Adopted& a, const Adopted& b) {
    return std::pair{a.cookie, a.process->pid} < std::pair{b.cookie, b.process->pid};
  });
}

/// By now a fast chain of forks has moved on, past every link that the snapshot shows.
void ProcessTable::look_at_newcomers() {
  const bool all_told = visit_newcomers(::getpid(), [this](const Newcomer& child) {
    ProcessStat stat;
    if (!read_stat(proc_.get(), child.pid, stat) || !stat.is_alive()) {
      has_undetermined_orphan_ = true;
      return;
    }
    const ProcessStat& newcomer = newcomers_.emplace_back(stat);
    const std::string_view cookie = cookie_of(newcomer);
    if (!cookie.empty()) adopted_.push_back({cookie, &newcomer});
  });
  if (!all_told) has_undetermined_orphan_ = true;
}

bool ProcessTable::visit_newcomers(pid_t parent,
                                   const std::function<void(const Newcomer&)>& visit) {
  children_.clear();
  for_each_child(proc_.get(), parent, [this](pid_t child) { children_.push_back(child); });
  bool all_told = true;
  for (const pid_t child : std::views::reverse(children_)) {
    if (find(child) != nullptr) continue;
    const loop::Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    const auto cookie = read_cookie(child);
    if (cookie) {
      visit({child, pidfd, *cookie});
    } else {
      all_told = false;
    }
  }
  return all_told;
}

std::vector<const ProcessStat*> ProcessTable::adopted_with(std::string_view cookie) {
  look_at_adopted();
  std::vector<const ProcessStat*> found;
  for (const auto& adopted : std::ranges::equal_range(adopted_, cookie, {}, &Adopted::cookie)) {
    found.push_back(adopted.process);
  }
  return found;
}

bool ProcessTable::has_undetermined_orphan() {
  look_at_adopted();
  return has_undetermined_orphan_;
}

bool ProcessTable::is_descendant_of_ours(const ProcessStat& process) const {
  const pid_t self = ::getpid();
  const ProcessStat* at = &process;
  // The bound guards against a circle in a snapshot that is no moment's picture.
  for (std::size_t depth = 0; at != nullptr && depth < processes_.size(); ++depth) {
    if (at->parent == self) return true;
    at = find(at->parent);
  }
  return false;
}

std::string ProcessTable::describe(const ProcessStat& process) const {
  char text[160];
  const ssize_t length = read_proc_file(proc_.get(), process.pid, "cmdline", text, sizeof text);
  std::string command = length > 0 ? std::string(text, static_cast<std::size_t>(length))
                                   : std::string(process.command);
  while (!command.empty() && command.back() == '\0') command.pop_back();
  for (char& c : command) {
    if (c == '\0') c = ' ';
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return std::to_string(process.pid) + " (" + command + ")";
}

}  // namespace mcpctl::spawn
