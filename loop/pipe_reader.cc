#include "loop/pipe_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "loop/handle.h"
#include "loop/poll_events.h"
#include "loop/system_error.h"

namespace mcpctl::loop {

struct PipeReader::Watch : Handle<uv_poll_t> {
  Watch(Loop& owner, Fd pipe, Callbacks both)
      : loop(owner), fd(std::move(pipe)), callbacks(std::move(both)) {}

  Loop& loop;
  Fd fd;
  Callbacks callbacks;
  bool paused{false};

  enum class Until { turn_is_over, empty };

  void release_descriptor() noexcept { fd.reset(); }

  void watch(bool readable) noexcept {
    poll_for(raw, {.readable = readable}, [](uv_poll_t* poll, int, int) noexcept {
      watch_of<Watch>(poll).read(bytes_per_turn, Until::turn_is_over);
    });
  }

  void read(std::size_t limit, Until until) noexcept {
    std::size_t taken = 0;
    while (taken < limit && fd) {
      if (paused && until == Until::turn_is_over) return;
      Loop::Scratch scratch{loop};
      const std::size_t room = std::min(limit - taken, Loop::Scratch::size);
      const ssize_t got = ::read(fd.get(), scratch.bytes().data(), room);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return end(got < 0 ? errno : 0);
      taken += static_cast<std::size_t>(got);
      callbacks.on_data({scratch.bytes().data(), static_cast<std::size_t>(got)});
      if (is_closing()) return;
      // A short read means that the pipe is empty: spare the EAGAIN, but ask again
      // next turn for the end of file.
      if (static_cast<std::size_t>(got) < room && until == Until::turn_is_over) return;
    }
  }

  void end(int code) noexcept {
    retire(*this);
    callbacks.on_end(code == 0 ? std::nullopt
                               : std::optional{system_error("cannot read from a pipe", code)});
  }
};

Result<PipeReader> PipeReader::open(Loop& loop, Fd pipe, Callbacks callbacks) {
  const int descriptor = pipe.get();
  auto watch = loop::open(
      std::make_unique<Watch>(loop, std::move(pipe), std::move(callbacks)),
      [&](uv_poll_t* raw) noexcept { return uv_poll_init(loop.raw(), raw, descriptor); });
  if (!watch) return system_failure("cannot watch a pipe", -watch.error());
  (*watch)->watch(true);
  return PipeReader{std::move(*watch)};
}

PipeReader::PipeReader(Owned<Watch> watch) : watch_(std::move(watch)) {}
PipeReader::~PipeReader() = default;
PipeReader::PipeReader(PipeReader&&) noexcept = default;
PipeReader& PipeReader::operator=(PipeReader&&) noexcept = default;

bool PipeReader::is_open() const noexcept { return watch_ && !watch_->is_closing(); }

void PipeReader::pause() noexcept {
  if (!is_open()) return;
  watch_->paused = true;
  watch_->watch(false);
}

void PipeReader::resume() noexcept {
  if (!is_open()) return;
  watch_->paused = false;
  watch_->watch(true);
}

void PipeReader::read_all_now(std::size_t limit) {
  if (is_open()) watch_->read(limit, Watch::Until::empty);
}

}  // namespace mcpctl::loop
