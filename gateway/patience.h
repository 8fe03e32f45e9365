// Tells those who have waited for a fixed time.  One timer for all of them, and none
// while nobody waits: thousands of short calls a second only enter and leave a list.
#pragma once

#include "base/ids.h"
#include "base/recycling.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace mcpctl::gateway {

/// Waits at most once at a time.
class Waiter {
 public:
  virtual void waited() noexcept = 0;

 protected:
  Waiter() = default;
  ~Waiter() = default;
};

class Patience {
 public:
  Patience(loop::Loop& loop, Duration limit) : loop_(loop), limit_(limit), timer_(loop) {}

  struct Entry {
    Instant due;
    Waiter* waiter;
  };
  using Place = RecyclingList<Entry>::iterator;

  Place enter(Waiter& waiter) {
    const bool is_first = entries_.empty();  // else the timer is armed
    entries_.push_back({loop_.turn() + limit_, &waiter});
    if (is_first && !timer_.is_armed()) arm();
    return std::prev(entries_.end());
  }
  /// Before it was told; afterwards its place is gone.
  void leave(Place place) noexcept { entries_.erase(place); }

 private:
  void arm() {
    timer_.arm(entries_.front().due, [this] { tell(); });
  }
  void tell() {
    const Instant now = loop_.now();
    while (!entries_.empty() && entries_.front().due <= now) {
      Waiter* waiter = entries_.front().waiter;
      entries_.pop_front();
      waiter->waited();
    }
    if (!entries_.empty()) arm();
  }

  loop::Loop& loop_;
  Duration limit_;
  loop::Timer timer_;
  RecyclingList<Entry> entries_;
};

}  // namespace mcpctl::gateway
