// Runs a function on libuv's threadpool and gives its result back on the loop:
// for what would block (fsync, a hung file system).  The only place where our
// code runs on another thread; the function may touch nothing but what it owns.  The
// threads exist from the first work on and take no signal.  While the kernel refuses them
// (too many processes of this user, or in this container) work waits.
#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "loop/callback.h"
#include "loop/loop.h"

namespace mcpctl::loop {

/// One piece of work under way.  Destroying it forgets the result: `done` is not
/// called, though the function itself may still run to its end.
class [[nodiscard]] Work {
 public:
  Work() = default;
  ~Work();
  Work(Work&&) noexcept;
  Work& operator=(Work&&) noexcept;

  bool is_running() const noexcept { return job_ != nullptr; }
  /// It has not begun, for want of threads: who cannot wait may abandon() it, and do it here.
  bool waits_for_threads() const noexcept;
  /// Lets the work finish unattended.
  void abandon() noexcept;

 private:
  friend Work start_work(Loop&, Callback<>, Callback<>);
  struct Job;
  Job* job_{nullptr};  // owned by libuv until its callback has run
};

/// `run` on a thread of the pool, then `done` on the loop.
Work start_work(Loop& loop, Callback<> run, Callback<> done);

/// The same for a function with a result.
template <typename Function, typename Done>
Work run_on_threadpool(Loop& loop, Function function, Done done) {
  using Value = decltype(function());
  auto slot = std::make_unique<std::optional<Value>>();
  auto* place = slot.get();
  return start_work(
      loop, [function = std::move(function), place]() mutable { place->emplace(function()); },
      [done = std::move(done), slot = std::move(slot)]() mutable { done(std::move(**slot)); });
}

}  // namespace mcpctl::loop
