#include "signals/descendants.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace mcpctl::signals {
namespace {

using spawn::ProcessStat;

std::int64_t monotonic_ms() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

bool reap_all() noexcept {
  for (;;) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
    if (pid == 0) return true;
    if (pid < 0 && errno != EINTR) return errno != ECHILD;
  }
}

Descendants::Descendants() noexcept : proc_(spawn::open_proc()) {
  const pid_t self = ::getpid();
  const auto note = [&](const ProcessStat& process) {
    if (process.parent != self || prior_count_ == prior_.size()) return;
    prior_[prior_count_++] = {process.pid, process.start_time};
  };
  const bool listed = spawn::for_each_child(proc_.get(), self, [&](pid_t child) {
    ProcessStat process;
    if (spawn::read_stat(proc_.get(), child, process)) note(process);
  });
  if (listed) return;
  prior_count_ = 0;
  spawn::for_each_process(proc_.get(), note);
}

bool Descendants::is_prior_pid(pid_t pid) const noexcept {
  return std::any_of(prior_.begin(), prior_.begin() + prior_count_,
                     [pid](const Prior& prior) { return prior.pid == pid; });
}

bool Descendants::is_prior(const ProcessStat& child) const noexcept {
  for (std::size_t i = 0; i < prior_count_; ++i) {
    if (prior_[i].pid == child.pid && prior_[i].start_time == child.start_time) return true;
  }
  return false;
}

bool Descendants::is_descendant(const ProcessStat& process) noexcept {
  const pid_t self = ::getpid();
  ProcessStat at = process;
  constexpr int steps_max = 4096;
  for (int step = 0; step < steps_max; ++step) {
    if (at.parent == self) return !is_prior(at);
    if (at.parent <= 1) return false;
    if (spawn::read_stat(proc_.get(), at.parent, at)) continue;
    // That ancestor ended under our eyes, and its children have a new parent: begin
    // again, or an orphan would slip through.
    if (!spawn::read_stat(proc_.get(), process.pid, at)) return false;
    if (at.start_time != process.start_time) return false;
  }
  return false;
}

std::size_t Descendants::signal_all(int signal) noexcept {
  const pid_t self = ::getpid();
  std::size_t count = 0;
  spawn::for_each_process(proc_.get(), [&](const ProcessStat& process) {
    if (process.pid == self || !process.is_alive() || !is_descendant(process)) return;
    ++count;
    if (signal != 0) spawn::send_signal(proc_.get(), process, signal);
  });
  return count;
}

Descendants::Left Descendants::chase() noexcept {
  constexpr int looks_max = 200;
  const pid_t self = ::getpid();
  for (int look = 0; look < looks_max; ++look) {
    bool found = false;
    const bool listed = spawn::for_each_child(proc_.get(), self, [&](pid_t child) {
      ProcessStat stat;
      // Not reaped meanwhile, so the pid is its own; ours or one that was here before.
      const bool is_spared =
          is_prior_pid(child) && spawn::read_stat(proc_.get(), child, stat) && is_prior(stat);
      if (is_spared) return;
      found = true;
      ::kill(child, SIGKILL);
    });
    if (!listed) return Left::unknown;
    if (!found) return Left::nobody;
    reap_all();
  }
  return Left::somebody;
}

Descendants::Ended Descendants::kill_all(Duration limit) noexcept {
  // All that descend from us do so through a child, since we adopt the orphans.  In our own
  // pid namespace there may be somebody who came in from outside.
  if (!reap_all() && ::getpid() != 1) return {};

  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  const std::int64_t end = monotonic_ms() + limit.count();

  // A look at /proc is no moment's picture: one that shows nobody may have missed a
  // process that changed its parent meanwhile.  Where the kernel does not list our
  // children, three in a row must show nobody.
  constexpr int quiet_looks = 3;
  int quiet = 0;
  Ended ended;
  for (bool is_first = true;; is_first = false) {
    if (::getpid() == 1) ::kill(-1, SIGKILL);
    const std::size_t found = signal_all(SIGKILL);
    if (is_first) ended.killed = found;
    reap_all();
    const Left left = chase();
    ended.surviving =
        left == Left::nobody ? 0 : std::max(found, std::size_t{left == Left::somebody});
    if (left == Left::nobody) return ended;
    quiet = ended.surviving == 0 ? quiet + 1 : 0;
    if (quiet == quiet_looks || monotonic_ms() >= end) return ended;
    // The next round comes with the next death; a grandchild's is not announced to
    // us until it is adopted, so not much later either way.
    const timespec patience{0, ended.surviving == 0 ? 2'000'000 : 10'000'000};
    ::sigtimedwait(&child_ended, nullptr, &patience);
  }
}

}  // namespace mcpctl::signals
