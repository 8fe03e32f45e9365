#include "loop/timer.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "loop/handle.h"

namespace mcpctl::loop {

struct Timer::Watch : Handle<uv_timer_t> {
  explicit Watch(Loop& owner) : loop(owner) {}

  Loop& loop;
  Callback<> callback;
  Instant when{};
  Instant due{};  // `when`, or the time of arming if that was later

  void start() noexcept {
    // libuv counts from the time it took at the start of the turn; a long turn
    // would make the timer early.
    uv_update_time(raw.loop);
    const auto wait = std::max(Duration{0}, when - loop.now());
    uv_timer_start(
        &raw, [](uv_timer_t* timer) noexcept { watch_of<Watch>(timer).fire(); },
        static_cast<std::uint64_t>(wait.count()), 0);
  }

  void fire() noexcept {
    if (loop.now() < when) return start();  // libuv's clock may be a coarser one
    loop.notice_due(due);
    // Whoever heard of the gap may have disarmed, destroyed or deferred this timer.
    if (is_closing() || !callback || loop.now() < when) return;
    Callback<> once = std::exchange(callback, nullptr);
    once();
  }
};

Timer::Timer(Loop& loop) {
  auto watch = open(std::make_unique<Watch>(loop),
                    [&loop](uv_timer_t* raw) noexcept { return uv_timer_init(loop.raw(), raw); });
  MCPCTL_ASSERT(watch.has_value());  // initialising a timer cannot fail
  watch_ = std::move(*watch);
}

Timer::~Timer() = default;
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&&) noexcept = default;

void Timer::arm(Instant when, Callback<> callback) {
  watch_->when = when;
  watch_->due = std::max(when, watch_->loop.now());
  watch_->callback = std::move(callback);
  watch_->start();
}

void Timer::arm(Duration delay, Callback<> callback) {
  arm(watch_->loop.now() + delay, std::move(callback));
}

void Timer::disarm() noexcept {
  uv_timer_stop(&watch_->raw);
  watch_->callback = nullptr;
}

std::optional<Instant> Timer::deadline() const noexcept {
  if (!watch_ || !watch_->callback) return std::nullopt;
  return watch_->when;
}

}  // namespace mcpctl::loop
