// What the tests of loop/ share: a loop with a deadline, pipes, and a scratch directory.
#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "loop/fd.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "tests/unit/temporary_directory.h"

namespace mcpctl::loop {

/// Turns the loop until `condition` holds; false when it does not within 30 s: a
/// sanitizer on a busy machine makes a second of many milliseconds.
template <typename Condition>
bool run_until(Loop& loop, Condition condition) {
  bool expired = false;
  Timer deadline{loop};
  deadline.arm(Duration{30'000}, [&] { expired = true; });
  while (!condition() && !expired) loop.run_once();
  return condition();
}

struct Pipe {
  Fd read, write;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

using testing::TemporaryDirectory;
using testing::write_file;

}  // namespace mcpctl::loop
