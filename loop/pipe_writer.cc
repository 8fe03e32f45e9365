#include "loop/pipe_writer.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "loop/handle.h"
#include "loop/poll_events.h"
#include "loop/send_queue.h"
#include "loop/system_error.h"

namespace mcpctl::loop {

struct PipeWriter::Watch : Handle<uv_poll_t> {
  Watch(Fd pipe, std::size_t cap, Callbacks both)
      : fd(std::move(pipe)), queue_cap(cap), callbacks(std::move(both)) {}

  Fd fd;
  std::size_t queue_cap;
  Callbacks callbacks;
  SendQueue queue;
  int error{0};  // an errno value: broken, and not yet reported
  bool ending{false};

  void release_descriptor() noexcept { fd.reset(); }

  void watch(bool writable) noexcept {
    poll_for(raw, {.writable = writable},
             [](uv_poll_t* poll, int, int) noexcept { watch_of<Watch>(poll).on_writable(); });
  }

  void close() noexcept {
    if (!fd) return;
    retire(*this);
    fd.reset();
    queue.clear();
  }

  /// Writes what the pipe takes now; an error is kept for on_writable().
  void flush() noexcept {
    while (!queue.empty() && error == 0) {
      const std::string_view bytes = queue.front();
      const ssize_t put = ::write(fd.get(), bytes.data(), bytes.size());
      if (put >= 0) {
        queue.pop(static_cast<std::size_t>(put));
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR) {
        error = errno;
      }
    }
  }

  void on_writable() noexcept {
    flush();
    if (error != 0) {
      close();
      return callbacks.on_broken(system_error("cannot write to a pipe", error));
    }
    if (!queue.empty()) return watch(true);  // libuv stops watching when it reports an error
    watch(false);
    if (ending) close();
    if (callbacks.on_drained) callbacks.on_drained();
  }
};

Result<PipeWriter> PipeWriter::open(Loop& loop, Fd pipe, std::size_t queue_cap,
                                    Callbacks callbacks) {
  const int descriptor = pipe.get();
  auto watch = loop::open(
      std::make_unique<Watch>(std::move(pipe), queue_cap, std::move(callbacks)),
      [&](uv_poll_t* raw) noexcept { return uv_poll_init(loop.raw(), raw, descriptor); });
  if (!watch) return system_failure("cannot watch a pipe", -watch.error());
  return PipeWriter{std::move(*watch)};
}

PipeWriter::PipeWriter(Owned<Watch> watch) : watch_(std::move(watch)) {}
PipeWriter::~PipeWriter() = default;
PipeWriter::PipeWriter(PipeWriter&&) noexcept = default;
PipeWriter& PipeWriter::operator=(PipeWriter&&) noexcept = default;

Written PipeWriter::write(std::string_view bytes) {
  Watch& watch = *watch_;
  if (!watch.fd || watch.ending || watch.error != 0) return Written::closed;
  if (bytes.size() > watch.queue_cap - watch.queue.size()) return Written::full;
  const bool was_empty = watch.queue.empty();
  watch.queue.append(bytes);
  if (!was_empty) return Written::accepted;  // the rest of an earlier one goes first
  watch.flush();
  if (!watch.queue.empty()) watch.watch(true);
  return watch.error == 0 ? Written::accepted : Written::closed;
}

void PipeWriter::close_after_flush() {
  watch_->ending = true;
  if (watch_->queue.empty()) watch_->close();
}

void PipeWriter::close() noexcept { watch_->close(); }
std::size_t PipeWriter::queued() const noexcept { return watch_->queue.size(); }
std::size_t PipeWriter::unread() const noexcept {
  int in_pipe = 0;
  if (!is_open() || ::ioctl(watch_->fd.get(), FIONREAD, &in_pipe) != 0) return queued();
  return queued() + static_cast<std::size_t>(in_pipe);
}

bool PipeWriter::is_open() const noexcept { return watch_ && watch_->fd; }

}  // namespace mcpctl::loop
