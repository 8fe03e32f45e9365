// The event loop: one per process, owned by the composition root, outlives
// everything that was built on it.  All of loop/ belongs to the thread that
// calls run(); nothing here is thread-safe except what runs in work.h.
//
// One turn: expired timers, the inbox, wait for the kernel, descriptors' callbacks,
// the inbox again, frees.  Idle is free: without due timers or ready descriptors
// the loop sleeps in the kernel and nothing here wakes it.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "base/ids.h"
#include "loop/callback.h"

struct uv_loop_s;

namespace mcpctl::loop {

class Loop {
 public:
  Loop();
  /// Drops what is still posted, lets pending closes and running work finish and
  /// asserts that nothing is left: every timer, watch and socket must be gone.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Turns until stop(), or until nothing is left to wait for.  Not reentrant.
  void run();
  /// One turn that never blocks: handles what is ready now.
  void run_ready();
  /// One turn that blocks until something happens (tests).
  void run_once();
  /// Makes run() return at the end of this turn; before run(), at once.
  void stop() noexcept;

  /// The monotonic clock now (CLOCK_MONOTONIC, so suspended time does not
  /// count), to the millisecond, rounded down.
  Instant now() const noexcept;

  /// The same clock as it stood when the kernel last answered, for what happens
  /// thousands of times a second and need not see a turn's own length: costs nothing.
  Instant turn() const noexcept;

  /// Runs `callback` when the inbox is emptied next, always before the loop blocks again,
  /// in the order of posting.  What is posted by a posted callback is left for the time
  /// after, so a chain of posts cannot starve descriptors.
  void post(Callback<> callback);

  /// The same, but not before the kernel was asked once more and what was ready then had its
  /// callbacks: for what is the better for having more of it.
  void post_after_poll(Callback<> callback);

  /// Destroys `object` after the current callbacks have returned.
  template <typename Object>
  void dispose(Object object) {
    post([owned = std::move(object)]() mutable { Object gone = std::move(owned); });
  }

  /// Calls `gap` with the lateness when a timer came more than `threshold` too
  /// late, once for all timers that the same gap delayed and before the first of
  /// them: the process was stopped (SIGSTOP), starved, or a callback blocked.
  void on_gap(Duration threshold, Callback<Duration> gap);

  /// Reports after each turn how long it kept the thread busy, waiting excluded; up to a
  /// millisecond or two too much, for it begins by libuv's clock.  Call before run().
  void on_turn(Callback<Duration> turn);

  /// 64 KiB to read into, shared by everything on this loop; whoever asks while
  /// it is lent gets a buffer of its own.  Return it before the turn ends.
  class Scratch {
   public:
    explicit Scratch(Loop& loop);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    std::span<char> bytes() noexcept { return {data_, size}; }
    static constexpr std::size_t size = 64 * 1024;

   private:
    Loop& loop_;
    std::unique_ptr<char[]> own_;
    char* data_;
  };

  /// For loop/ itself.
  uv_loop_s* raw() noexcept;
  void notice_due(Instant due);

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::loop
