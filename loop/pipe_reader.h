// Reads a pipe (a server's stdout or stderr) as it fills: into the loop's one
// shared buffer, a bounded amount per turn, so that a flood on one pipe costs no
// memory and starves nobody.  Owns the descriptor and closes it at the end.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "loop/callback.h"
#include "loop/fd.h"
#include "loop/loop.h"
#include "loop/owned.h"

namespace mcpctl::loop {

class PipeReader {
 public:
  struct Callbacks {
    /// 1 to 65536 raw bytes, valid until the callback returns.
    Callback<std::string_view> on_data{};
    /// Once, after the last byte: end of file (nothing) or a read error.  The
    /// descriptor is closed already.
    Callback<std::optional<Error>> on_end{};
  };

  /// Makes the descriptor non-blocking; reading begins with the next turn.  The
  /// reader may be destroyed in either callback; nothing is called afterwards.
  static Result<PipeReader> open(Loop& loop, Fd pipe, Callbacks callbacks);
  ~PipeReader();
  PipeReader(PipeReader&&) noexcept;
  PipeReader& operator=(PipeReader&&) noexcept;

  /// While paused the pipe fills up and its writer blocks: back-pressure.
  void pause() noexcept;
  void resume() noexcept;

  /// Reads until the pipe is empty (EAGAIN), its end, or `limit` bytes, calling
  /// back, without returning to the loop, paused or not.  For the last words of a
  /// process that has exited.
  void read_all_now(std::size_t limit = 1024 * 1024);

  /// False after on_end.
  bool is_open() const noexcept;

  /// What one reader takes per turn before the others get theirs.
  static constexpr std::size_t bytes_per_turn = 256 * 1024;

 private:
  struct Watch;
  explicit PipeReader(Owned<Watch> watch);
  Owned<Watch> watch_;
};

}  // namespace mcpctl::loop
