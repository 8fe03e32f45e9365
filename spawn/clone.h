// The ways to make a child that share our memory until it execs, and what to do
// where the kernel, a seccomp filter or valgrind does not offer them.  Spawning
// costs the same at any size of the supervisor because nothing is copied.
#pragma once
#include <sys/types.h>

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

/// Makes a child that carries out `plan`, and returns after its exec or its
/// failure, which stands in plan.report.  `cgroup` (a directory of cgroup v2, or
/// -1) is where it is born.  `method` is where to begin; a way that is found
/// missing is never tried again.  Blocks every signal meanwhile.  Main thread only.
CloneResult clone_child(ChildPlan& plan, int cgroup, CloneMethod method = CloneMethod::clone3);

}  // namespace mcpctl::spawn
