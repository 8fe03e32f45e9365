// Writes to a pipe (a server's stdin) without ever blocking: what the pipe does
// not take waits in a bounded queue.  Owns the descriptor.  Needs SIGPIPE ignored
// (loop/signal.h).
#pragma once
#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "loop/callback.h"
#include "loop/fd.h"
#include "loop/loop.h"
#include "loop/owned.h"

namespace mcpctl::loop {

enum class Written {
  accepted,  ///< all of it is in the pipe or in the queue
  full,      ///< nothing was taken: the queue would exceed its cap; try after on_drained
  closed,    ///< nothing was taken: closed, closing, or the reader left (EPIPE)
};

class PipeWriter {
 public:
  struct Callbacks {
    /// The queue, which was not empty, is empty now.
    Callback<> on_drained{};
    /// Once: the reader left or a write failed.  What was queued is lost; the
    /// descriptor is closed already.  Never called from inside write().
    Callback<Error> on_broken{};
  };

  /// `queue_cap` in bytes.
  static Result<PipeWriter> open(Loop& loop, Fd pipe, std::size_t queue_cap, Callbacks callbacks);
  ~PipeWriter();
  PipeWriter(PipeWriter&&) noexcept;
  PipeWriter& operator=(PipeWriter&&) noexcept;

  /// All or nothing, so a message is never cut.
  Written write(std::string_view bytes);

  /// Ends the input of the reader when everything queued is written; at once when
  /// nothing is.  Later writes are `closed`.
  void close_after_flush();
  /// Ends it now; what is queued is dropped.
  void close() noexcept;

  std::size_t queued() const noexcept;
  /// Bytes that the reader has not taken yet: queued, or in the pipe (FIONREAD, pipe(7)).
  std::size_t unread() const noexcept;
  /// False once the descriptor is closed.
  bool is_open() const noexcept;

 private:
  struct Watch;
  explicit PipeWriter(Owned<Watch> watch);
  Owned<Watch> watch_;
};

}  // namespace mcpctl::loop
