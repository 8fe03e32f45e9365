// One connected stream socket, unix or TCP, ours or accepted.  Reads into the
// loop's shared buffer with back-pressure, queues what the peer does not take yet.
// Works on the descriptor itself and not on libuv's streams: one code path for
// both families, no allocation per write, and the queue's size is ours to bound.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "loop/callback.h"
#include "loop/fd.h"
#include "loop/loop.h"
#include "loop/owned.h"

namespace mcpctl::loop {

/// Who is at the other end of a unix socket, as of its connect() (SO_PEERCRED).
struct PeerCredentials {
  pid_t pid{0};
  uid_t uid{0};
  gid_t gid{0};
};

class Connection {
 public:
  struct Callbacks {
    /// Bytes of the peer, valid until the callback returns.
    Callback<std::string_view> on_data{};
    /// Once: the peer sends no more.  Writing may still work (it may only have
    /// shut down its side).  While paused this comes too, as early as the kernel
    /// knows it, though bytes that were sent before wait to be read.
    Callback<> on_peer_closed{};
    /// Once: the connection is broken (reset, EPIPE); nothing works any more.
    /// Never called from inside write().
    Callback<Error> on_broken{};
    /// The queue, which was not empty, is empty now.
    Callback<> on_drained{};
    /// Once: the last byte that the peer sent was delivered.  After on_peer_closed.
    Callback<> on_end{};
  };

  /// Takes a connected socket.  All callbacks but on_data may be empty.  The
  /// connection may be destroyed in any of them; nothing is called afterwards.
  static Result<Connection> open(Loop& loop, Fd socket, Callbacks callbacks);
  /// Closes at once; what is queued is dropped.
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  void pause() noexcept;
  void resume() noexcept;

  /// Sends or queues all of it; false when the connection can take nothing any
  /// more.  The queue is unbounded here: the caller watches queued().
  bool write(std::string_view bytes);
  /// Between these, writes are collected into one system call.
  void cork() noexcept;
  void uncork();
  /// After the queue is flushed, tells the peer that no more will come.
  void shutdown();

  /// Bytes that the kernel has not taken yet.
  std::size_t queued() const noexcept;
  /// Bytes that the kernel has taken since the start: progress for stall checks.
  std::uint64_t sent() const noexcept;
  bool is_broken() const noexcept;
  /// Nothing for TCP.
  std::optional<PeerCredentials> peer_credentials() const;

  /// What one connection reads per turn before the others get theirs.
  static constexpr std::size_t bytes_per_turn = 256 * 1024;

 private:
  struct Watch;
  explicit Connection(Owned<Watch> watch);
  Owned<Watch> watch_;
};

}  // namespace mcpctl::loop
