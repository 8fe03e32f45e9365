#include "cli/standard_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "loop/fd.h"
#include "loop/system_error.h"
#include "loop/timer.h"

namespace mcpctl::cli {

class StandardInput::Inner {
 public:
  Inner(loop::Loop& loop, loop::PipeReader::Callbacks callbacks)
      : callbacks_(std::move(callbacks)), next_turn_(loop) {
    auto watched = loop::PipeReader::open(
        loop, duplicate(),
        {.on_data = [this](std::string_view bytes) { callbacks_.on_data(bytes); },
         .on_end = [this](std::optional<Error> error) { callbacks_.on_end(std::move(error)); }});
    if (watched) {
      watched_.emplace(std::move(*watched));
    } else {
      read_in_next_turn();
    }
  }

 private:
  static loop::Fd duplicate() { return loop::Fd{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)}; }

  void read_in_next_turn() {
    next_turn_.arm(Duration{0}, [this] { read(); });
  }

  void read() {
    const ssize_t got = ::read(STDIN_FILENO, piece_.data(), piece_.size());
    if (got < 0 && errno != EINTR) {
      return callbacks_.on_end(loop::system_error("cannot read stdin", errno));
    }
    if (got == 0) return callbacks_.on_end(std::nullopt);
    read_in_next_turn();
    if (got > 0) callbacks_.on_data({piece_.data(), static_cast<std::size_t>(got)});
  }

  loop::PipeReader::Callbacks callbacks_;
  std::optional<loop::PipeReader> watched_;
  loop::Timer next_turn_;
  std::array<char, 65536> piece_{};
};

StandardInput::StandardInput(loop::Loop& loop, loop::PipeReader::Callbacks callbacks)
    : inner_(std::make_unique<Inner>(loop, std::move(callbacks))) {}
StandardInput::~StandardInput() = default;

}  // namespace mcpctl::cli
