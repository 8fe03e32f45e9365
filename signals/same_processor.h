// Lets a fork's child begin where its parent ran.
#pragma once
#include <sched.h>

namespace mcpctl::signals {

/// While one lives, the calling thread and what it forks stay on the processor on which it
/// runs.  For a parent that is about to sleep: its child, put on an idle processor, would
/// fetch anew what this one has in its caches.  A child of fork(2) has a copy of its own,
/// and each undoes it for itself with the copy's end.  Without the right, or with more than
/// 1024 processors, it does nothing.  errno outlives it.  sched_setaffinity(2).
class SameProcessor {
 public:
  SameProcessor() noexcept;
  ~SameProcessor();
  SameProcessor(const SameProcessor&) = delete;
  SameProcessor& operator=(const SameProcessor&) = delete;

 private:
  cpu_set_t allowed_before_;
  bool holds_{false};
};

}  // namespace mcpctl::signals
