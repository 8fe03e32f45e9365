#include "loop/poll.h"

#include <utility>

#include "loop/handle.h"
#include "loop/poll_events.h"
#include "loop/system_error.h"

namespace mcpctl::loop {

struct Poll::Watch : Handle<uv_poll_t> {
  explicit Watch(Callback<Readiness> callback) : on_ready(std::move(callback)) {}
  Callback<Readiness> on_ready;
  Readiness wanted;

  void start() noexcept {
    poll_for(raw, wanted, [](uv_poll_t* poll, int status, int events) noexcept {
      Watch& watch = watch_of<Watch>(poll);
      if (status < 0) watch.start();  // libuv stops watching when it reports an error
      watch.on_ready(readiness_of(status, events));
    });
  }
};

Result<Poll> Poll::open(Loop& loop, int descriptor, Callback<Readiness> on_ready) {
  auto watch = loop::open(
      std::make_unique<Watch>(std::move(on_ready)),
      [&](uv_poll_t* raw) noexcept { return uv_poll_init(loop.raw(), raw, descriptor); });
  if (!watch) {
    return system_failure("cannot watch descriptor " + std::to_string(descriptor), -watch.error());
  }
  return Poll{std::move(*watch)};
}

Poll::Poll(Owned<Watch> watch) : watch_(std::move(watch)) {}
Poll::~Poll() = default;
Poll::Poll(Poll&&) noexcept = default;
Poll& Poll::operator=(Poll&&) noexcept = default;

void Poll::watch(Readiness wanted) noexcept {
  watch_->wanted = wanted;
  watch_->start();
}

}  // namespace mcpctl::loop
