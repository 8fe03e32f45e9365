#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "loop/fd.h"
#include "loop/pipe_writer.h"
#include "loop/timer.h"

namespace mcpctl::cli {
namespace {

/// What can make a writer wait: regular files cannot, nor can /dev/null and the like.
bool can_block(const struct stat& status) {
  constexpr unsigned memory_devices = 1;  // null(4), by the kernel's list of devices
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
         (S_ISCHR(status.st_mode) && major(status.st_rdev) != memory_devices);
}

}  // namespace

class Output::Inner {
 public:
  Inner(loop::Loop& loop, int number) : loop_(loop), number_(number) {
    struct stat status{};
    if (::fstat(number, &status) != 0) {
      closed_ = true;
      return;
    }
    if (!can_block(status)) return;
    auto writer = loop::PipeWriter::open(loop, second_opening(), queue_cap,
                                         {.on_drained = [this] { tell_skipped(); },
                                          .on_broken = [this](const Error&) { closed_ = true; }});
    // epoll refuses what never blocks: then plain writes are right.
    if (writer) writer_.emplace(std::move(*writer));
  }

  ~Inner() {
    writer_.reset();
    if (shared_flags_ >= 0) ::fcntl(number_, F_SETFL, shared_flags_);
  }

  void write(std::string_view lines) {
    if (closed_) return;
    if (!writer_) {
      write_directly(lines);
      return;
    }
    if (skipped_ == 0 || writer_->queued() == 0) {
      tell_skipped();
      switch (writer_->write(lines)) {
        case loop::Written::accepted: return;
        case loop::Written::closed: closed_ = true; return;
        case loop::Written::full: break;
      }
    }
    skipped_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  }

  void flush(Duration at_most) {
    if (!writer_) return;
    bool late = false;
    loop::Timer timer{loop_};
    timer.arm(at_most, [&late] { late = true; });
    while (!late && !closed_ && writer_->queued() > 0) loop_.run_once();
  }

  bool is_closed() const noexcept { return closed_; }

 private:
  loop::Fd second_opening() {
    const std::string path = "/proc/self/fd/" + std::to_string(number_);
    loop::Fd own{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    if (own) return own;
    // A socket (systemd's journal), or a terminal of somebody else (su): then the
    // shared description becomes non-blocking until we leave.
    shared_flags_ = ::fcntl(number_, F_GETFL);
    return loop::Fd{::fcntl(number_, F_DUPFD_CLOEXEC, 3)};
  }

  void write_directly(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t length = ::write(number_, bytes.data(), bytes.size());
      if (length < 0 && errno == EINTR) continue;
      if (length < 0) {
        closed_ = errno == EPIPE || errno == EBADF;
        return;  // a full disk loses lines here, never the supervisor
      }
      bytes.remove_prefix(static_cast<std::size_t>(length));
    }
  }

  void tell_skipped() {
    if (skipped_ == 0 || closed_) return;
    const std::string note = "mcpctl: " + std::to_string(skipped_) +
                             " lines skipped: this output was not read in time\n";
    skipped_ = 0;
    closed_ = writer_->write(note) == loop::Written::closed;
  }

  loop::Loop& loop_;
  int number_;
  int shared_flags_{-1};
  bool closed_{false};
  std::uint64_t skipped_{0};
  std::optional<loop::PipeWriter> writer_;
};

Output::Output(loop::Loop& loop, int number) : inner_(std::make_unique<Inner>(loop, number)) {}
Output::~Output() = default;
void Output::write(std::string_view lines) { inner_->write(lines); }
void Output::flush(Duration at_most) { inner_->flush(at_most); }
bool Output::is_closed() const noexcept { return inner_->is_closed(); }

}  // namespace mcpctl::cli
