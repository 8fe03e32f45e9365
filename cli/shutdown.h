// The end of the fleet on request, in three degrees: in order, now, and without
// waiting any longer.
#pragma once
#include <optional>
#include <string_view>

#include "cli/log.h"
#include "loop/loop.h"
#include "runtime/supervisor.h"

namespace mcpctl::cli {

class Shutdown {
 public:
  /// Borrows all of them.
  Shutdown(loop::Loop& loop, runtime::Supervisor& supervisor, Log& log);

  /// A signal: the first begins the orderly end and says what it waits for and what
  /// the next one does; the second kills everything; the third leaves at once.
  /// Signals within a tenth of a second are one: a storm is no threefold wish.
  void request(std::string_view reason);
  /// The orderly end, without counting towards the next degree.
  void begin(std::string_view reason);
  /// Kills everything and leaves: nobody watches over us any more.
  void abandon(std::string_view reason);

  /// Something was killed that would have had more time.
  bool was_forced() const { return was_forced_; }

 private:
  loop::Loop& loop_;
  runtime::Supervisor& supervisor_;
  Log& log_;
  int requests_{0};
  std::optional<Instant> last_request_;
  bool was_forced_{false};
};

}  // namespace mcpctl::cli
