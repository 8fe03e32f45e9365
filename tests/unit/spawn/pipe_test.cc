#include "spawn/pipe.h"

#include <doctest/doctest.h>
#include <fcntl.h>

namespace {

using mcpctl::spawn::make_pipe;
using mcpctl::spawn::PipeDirection;

bool is_non_blocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }
bool is_close_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

}  // namespace

TEST_CASE("our end of a pipe never blocks and the child's end always does") {
  for (const auto direction : {PipeDirection::to_child, PipeDirection::from_child}) {
    const auto pipe = make_pipe(direction);

    REQUIRE(pipe);
    CHECK(is_non_blocking(pipe->ours.get()));
    CHECK_FALSE(is_non_blocking(pipe->theirs.get()));
    CHECK(is_close_on_exec(pipe->ours.get()));
    CHECK(is_close_on_exec(pipe->theirs.get()));
  }
}

TEST_CASE("what the child writes arrives at our end") {
  const auto pipe = make_pipe(PipeDirection::from_child);
  REQUIRE(pipe);

  REQUIRE(::write(pipe->theirs.get(), "hello", 5) == 5);

  char bytes[8];
  CHECK(::read(pipe->ours.get(), bytes, sizeof bytes) == 5);
}

TEST_CASE("a larger pipe is asked for, and an absurd size is not an error") {
  const auto large = make_pipe(PipeDirection::from_child, 1u << 20);
  const auto absurd = make_pipe(PipeDirection::from_child, std::size_t{1} << 60);

  REQUIRE(large);
  CHECK(::fcntl(large->ours.get(), F_GETPIPE_SZ) >= 1 << 16);
  CHECK(absurd);
}
