#include "loop/null_device.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace mcpctl::loop {

Fd open_null_device() noexcept {
  Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  int ends[2];
  if (null || errno != ENOENT || ::pipe2(ends, O_CLOEXEC) != 0) return null;
  ::close(ends[1]);
  return Fd{ends[0]};
}

}  // namespace mcpctl::loop
