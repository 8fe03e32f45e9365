// Real pipes for a child's standard streams.  Not socketpairs, which libuv would
// make: a child that opens /dev/stderr gets ENXIO on a socket, and a socket
// blocks after a few hundred tiny unread writes where a pipe takes 64 KiB.
#pragma once
#include <cstddef>
#include <utility>

#include "base/result.h"
#include "loop/fd.h"

namespace mcpctl::spawn {

/// Whom the pipe feeds: to_child is its stdin, from_child its stdout or stderr.
enum class PipeDirection { to_child, from_child };

/// The two ends of one pipe, both close-on-exec.
struct Pipe {
  loop::Fd ours;    ///< non-blocking
  loop::Fd theirs;  ///< blocking, as every program expects; close it after the spawn
};

/// Makes a pipe (pipe2(2)).  `capacity` in bytes is asked of the kernel but not
/// insisted upon (F_SETPIPE_SZ; an unprivileged process gets at most 1 MiB per
/// pipe and 64 MiB in all); 0 keeps the default of 64 KiB.
Result<Pipe> make_pipe(PipeDirection direction, std::size_t capacity = 0);

/// A plain close-on-exec pipe, both ends blocking: {read end, write end}.
Result<std::pair<loop::Fd, loop::Fd>> make_pipe_ends();

}  // namespace mcpctl::spawn
