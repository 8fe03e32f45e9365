// Watches one descriptor for readiness (pidfds, pipes, sockets).  Level
// triggered: what is not consumed is reported again.  Borrows the descriptor,
// which must stay open until the Poll is gone or idle.
#pragma once
#include "base/result.h"
#include "loop/callback.h"
#include "loop/loop.h"
#include "loop/owned.h"

namespace mcpctl::loop {

/// What to wait for, or what happened.  A hang-up or an error counts as
/// everything that was asked for: the read or write tells which.
struct Readiness {
  bool readable{false};
  bool writable{false};
  /// The peer of a stream socket has shut down its writing side (EPOLLRDHUP).
  bool disconnected{false};

  bool any() const noexcept { return readable || writable || disconnected; }
  friend bool operator==(const Readiness&, const Readiness&) = default;
};

class Poll {
 public:
  /// Makes `descriptor` non-blocking.  Fails for what epoll cannot watch (regular
  /// files).  Reports nothing before watch().
  static Result<Poll> open(Loop& loop, int descriptor, Callback<Readiness> on_ready);
  ~Poll();
  Poll(Poll&&) noexcept;
  Poll& operator=(Poll&&) noexcept;

  /// From now on reports these; {} means none, and costs nothing.
  void watch(Readiness wanted) noexcept;

 private:
  struct Watch;
  explicit Poll(Owned<Watch> watch);
  Owned<Watch> watch_;
};

}  // namespace mcpctl::loop
