// The user's terminal while a program draws on all of it: keys come unechoed and one
// by one, what was on the screen comes back at the end, whatever the end.
#pragma once
#include <termios.h>

#include <string_view>

#include "base/result.h"
#include "cli/top_view.h"
#include "loop/fd.h"

namespace mcpctl::cli {

class RawTerminal {
 public:
  /// Fails without a controlling terminal that can be drawn on.
  static Result<RawTerminal> open();
  /// Puts everything back.
  ~RawTerminal();
  RawTerminal(RawTerminal&& other) noexcept;
  RawTerminal& operator=(RawTerminal&&) = delete;

  /// Takes the screen; again after we were stopped and somebody else used it.
  void enter();
  /// For reading keys; a description of its own, so it may be made non-blocking.
  int keys() const { return keys_.get(); }
  ScreenSize size() const;
  /// Blocks until the terminal has taken all; a terminal that is gone is no error.
  void write(std::string_view text);

 private:
  RawTerminal(loop::Fd keys, loop::Fd screen, const termios& before);

  loop::Fd keys_;
  loop::Fd screen_;
  termios before_;
  bool is_entered_{false};
};

}  // namespace mcpctl::cli
