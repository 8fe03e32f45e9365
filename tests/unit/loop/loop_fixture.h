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
#include "tests/unit/turning.h"

namespace mcpctl::loop {

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
using testing::turn_until;
using testing::write_file;

}  // namespace mcpctl::loop
