// The ways to make a child that share our memory until it execs, and what to do
// where the kernel, a seccomp filter or valgrind does not offer them.  Spawning
// costs the same at any size of the supervisor because nothing is copied, and the
// child runs beside us: while one is on its way to its exec the next is made.
#pragma once
#include <sys/types.h>

#include <cstddef>

#include "loop/fd.h"
#include "spawn/child_side.h"

namespace mcpctl::spawn {

/// From best to last resort: clone3(2) can give birth inside a cgroup, clone(2)
/// is known to every seccomp profile, fork(2) needs no shared memory.
enum class CloneMethod { clone3, clone, fork };

struct CloneResult {
  pid_t pid{-1};   ///< -1: nothing was created and `error` says why
  int error{0};    ///< errno
  loop::Fd pidfd;  ///< empty where the kernel cannot give one
};

/// The stack of a child that shares our memory, with a guard page below.
class ChildStack {
 public:
  ChildStack();
  ~ChildStack();
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  bool exists() const { return bottom_ != nullptr; }
  char* bottom() const { return bottom_; }
  char* top() const { return bottom_ + size; }

  static constexpr std::size_t size = 64u << 10;

 private:
  char* bottom_{nullptr};
};

/// Makes a child that carries out `plan`.  The child uses the plan, what it points to,
/// `stack` and the descriptors named in it until await_departure() returns; then
/// plan.report is final.  `cgroup` (a directory of cgroup v2, or -1) is where it is
/// born.  `method` is where to begin; a way that is found missing is never tried again.
/// Blocks every signal meanwhile.  Main thread only.
CloneResult clone_child(ChildPlan& plan, const ChildStack& stack, int cgroup,
                        CloneMethod method = CloneMethod::clone3);

/// Returns when the child has left our memory, by its exec or its end.
void await_departure(ChildPlan& plan);

}  // namespace mcpctl::spawn
