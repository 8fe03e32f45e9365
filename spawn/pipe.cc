#include "spawn/pipe.h"

#include <fcntl.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace mcpctl::spawn {

using loop::Fd;

Result<std::pair<Fd, Fd>> make_pipe_ends() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return failure(std::string("cannot create a pipe: ") + std::strerror(errno));
  }
  return std::pair{Fd{ends[0]}, Fd{ends[1]}};
}

Result<Pipe> make_pipe(PipeDirection direction, std::size_t capacity) {
  auto ends = make_pipe_ends();
  if (!ends) return std::unexpected(std::move(ends.error()));
  auto& [read_end, write_end] = *ends;

  if (capacity > 0 && capacity <= static_cast<std::size_t>(INT_MAX)) {
    ::fcntl(write_end.get(), F_SETPIPE_SZ, static_cast<int>(capacity));  // best effort
  }
  Pipe pipe;
  pipe.ours = std::move(direction == PipeDirection::to_child ? write_end : read_end);
  pipe.theirs = std::move(direction == PipeDirection::to_child ? read_end : write_end);
  // O_NONBLOCK belongs to the open file description, and each end has its own.
  if (::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK) != 0) {
    return failure(std::string("cannot make a pipe non-blocking: ") + std::strerror(errno));
  }
  return pipe;
}

}  // namespace mcpctl::spawn
