// A listening socket, unix or TCP.  It survives running out of descriptors (it
// then accepts and closes at once, by a descriptor kept in reserve, instead of
// spinning) and, for unix, the deletion of its socket file (it is made anew).
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "loop/address.h"
#include "loop/callback.h"
#include "loop/fd.h"
#include "loop/loop.h"

namespace mcpctl::loop {

class Listener {
 public:
  struct Callbacks {
    /// A connected, non-blocking, close-on-exec socket.
    Callback<Fd> on_accept{};
    /// Something an operator should hear of: connections refused for want of
    /// descriptors (at most one report a second), a socket file that cannot be
    /// made anew.  May be empty.
    Callback<Error> on_trouble{};
  };

  /// Listens on the unix socket `path`, mode 0600 whatever the umask.  A stale
  /// socket file (nobody accepts) is replaced; a live one, a lock held by another
  /// process (PATH.lock), or a file of another kind is an error that names it.
  /// The directory must exist.  Removes both files when destroyed.
  static Result<Listener> unix_socket(Loop& loop, std::string path, Callbacks callbacks);
  /// Port 0 picks a free one; see address().
  static Result<Listener> tcp(Loop& loop, const Address& address, Callbacks callbacks);

  ~Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;

  /// Where it listens, with the actual port.
  const Address& address() const noexcept;
  /// While paused, connections wait in the kernel's backlog.
  void pause() noexcept;
  void resume() noexcept;
  /// Connections accepted and closed at once for want of descriptors.
  std::uint64_t refused() const noexcept;

 private:
  struct State;
  explicit Listener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mcpctl::loop
