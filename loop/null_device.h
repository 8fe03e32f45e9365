// A descriptor that stands for nothing: reading from it ends at once, what is written to
// it is lost.
#pragma once
#include "loop/fd.h"

namespace mcpctl::loop {

/// /dev/null, close-on-exec.  In an empty root file system, which has none, the end of a
/// pipe that nobody writes to does for reading; then writing to it fails.  None, with
/// errno, when that fails, too.
Fd open_null_device() noexcept;

}  // namespace mcpctl::loop
