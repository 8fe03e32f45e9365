#include "cli/raw_terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

namespace mcpctl::cli {
namespace {

// xterm's control sequences, which every terminal of today understands: the other
// screen, and no cursor on it.
constexpr std::string_view take_screen = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view give_back = "\x1b[?25h\x1b[?1049l";

loop::Fd open_terminal(int access) {
  return loop::Fd{::open("/dev/tty", access | O_NOCTTY | O_CLOEXEC)};
}

}  // namespace

Result<RawTerminal> RawTerminal::open() {
  const char* kind = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  const bool is_dumb = kind == nullptr || std::string_view{kind} == "dumb";
  const bool on_terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  loop::Fd keys = open_terminal(O_RDONLY);
  loop::Fd screen = open_terminal(O_WRONLY);
  termios before{};
  if (is_dumb || !on_terminal || !keys || !screen || ::tcgetattr(keys.get(), &before) != 0) {
    return failure("this needs a terminal to draw on; see mcpctl ps --watch");
  }
  return RawTerminal{std::move(keys), std::move(screen), before};
}

RawTerminal::RawTerminal(loop::Fd keys, loop::Fd screen, const termios& before)
    : keys_(std::move(keys)), screen_(std::move(screen)), before_(before) {}

RawTerminal::RawTerminal(RawTerminal&& other) noexcept
    : keys_(std::move(other.keys_)),
      screen_(std::move(other.screen_)),
      before_(other.before_),
      is_entered_(std::exchange(other.is_entered_, false)) {}

RawTerminal::~RawTerminal() {
  if (!is_entered_) return;
  write(give_back);
  ::tcsetattr(screen_.get(), TCSAFLUSH, &before_);
}

void RawTerminal::enter() {
  is_entered_ = true;
  termios raw = before_;
  ::cfmakeraw(&raw);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(screen_.get(), TCSAFLUSH, &raw);
  write(take_screen);
}

ScreenSize RawTerminal::size() const {
  winsize size{};
  if (::ioctl(screen_.get(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {size.ws_col, size.ws_row};
}

void RawTerminal::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t length = ::write(screen_.get(), text.data(), text.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
}

}  // namespace mcpctl::cli
