// Holds the right to a unix socket's path: an flock on PATH.lock, so that of two
// supervisors that start at once exactly one may judge a socket stale and replace it.
// The lock dies with the process, however that ends.
#pragma once
#include <string>

#include "base/result.h"
#include "loop/fd.h"

namespace mcpctl::loop {

class SocketLock {
 public:
  /// Fails at once when another process holds it.
  static Result<SocketLock> acquire(const std::string& socket_path);
  /// Removes the lock file and lets go.
  ~SocketLock();
  SocketLock(SocketLock&&) noexcept = default;
  SocketLock& operator=(SocketLock&&) noexcept = default;

  /// False when somebody removed or replaced the lock file.
  bool is_intact() const noexcept;

 private:
  SocketLock(std::string path, Fd file);
  std::string path_;
  Fd file_;
};

/// Makes `directory` if it is missing, with mode 0700, and refuses one in which
/// somebody else could replace our files: a symbolic link, another owner, or
/// write permission for others.
Result<void> make_private_directory(const std::string& directory);

}  // namespace mcpctl::loop
