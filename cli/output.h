// Lines to stdout or stderr that never hold up the loop: what a slow reader does not
// take waits in a bounded queue, what does not fit is counted and told, and a reader
// that left (a closed pipe) silences it for good.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "loop/loop.h"

namespace mcpctl::cli {

class Output {
 public:
  /// Borrows descriptor `number` (1 or 2).  Terminals and pipes are opened a second
  /// time, so that whoever shares the descriptor with us keeps it blocking.
  Output(loop::Loop& loop, int number);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// `lines` end with a newline each; written as a whole or not at all.
  void write(std::string_view lines);
  /// Runs the loop until the queue is empty or `at_most` has passed.
  void flush(Duration at_most);
  /// Nobody reads any more.
  bool is_closed() const noexcept;

  static constexpr std::size_t queue_cap = 1024 * 1024;

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::cli
