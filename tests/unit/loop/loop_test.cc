#include "loop/loop.h"

#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "loop/poll.h"
#include "loop/signal.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "loop_fixture.h"

using namespace mcpctl;
using namespace mcpctl::loop;

TEST_CASE("posted callbacks run in order, and what they post comes after all of them") {
  Loop loop;
  std::string order;

  loop.post([&] {
    order += 'a';
    loop.post([&] { order += 'c'; });
  });
  loop.post([&] { order += 'b'; });
  loop.run();

  CHECK(order == "abc");
}

TEST_CASE("a chain of posts starves neither timers nor descriptors") {
  Loop loop;
  Pipe pipe;
  Timer timer{loop};
  bool timer_fired = false, readable = false;
  auto poll = Poll::open(loop, pipe.read.get(), [&](Readiness) { readable = true; });
  REQUIRE(poll);
  poll->watch({.readable = true});
  REQUIRE(::write(pipe.write.get(), "x", 1) == 1);
  timer.arm(Duration{1}, [&] { timer_fired = true; });
  std::function<void()> again = [&] {
    if (!timer_fired || !readable) loop.post([&] { again(); });
  };

  again();

  CHECK(turn_until(loop, [&] { return timer_fired && readable; }));
}

TEST_CASE("what a descriptor's callback posts runs before the loop blocks") {
  Loop loop;
  Pipe pipe;
  std::string order;
  auto poll = Poll::open(loop, pipe.read.get(), [&](Readiness) {
    order += 'r';
    loop.post([&] { order += 'p'; });
  });
  poll->watch({.readable = true});
  REQUIRE(::write(pipe.write.get(), "x", 1) == 1);

  loop.run_once();

  CHECK(order == "rp");
}

TEST_CASE("what waits for the next poll runs after what is ready then, and nothing blocks before") {
  Loop loop;
  Pipe pipe;
  std::string order;
  auto poll = Poll::open(loop, pipe.read.get(), [&](Readiness) {
    order += 'r';
    char byte = 0;
    REQUIRE(::read(pipe.read.get(), &byte, 1) == 1);
    if (order.size() > 1) return;
    loop.post_after_poll([&] { order += 'l'; });
    loop.post([&] { order += 'p'; });
    REQUIRE(::write(pipe.write.get(), "x", 1) == 1);
  });
  REQUIRE(poll);
  poll->watch({.readable = true});
  REQUIRE(::write(pipe.write.get(), "x", 1) == 1);

  loop.run_once();
  CHECK(order == "rp");
  loop.run_once();
  CHECK(order == "rprl");

  loop.post_after_poll([&] { order += 'e'; });  // outside of a turn: the coming poll counts
  loop.run_once();                              // and does not block
  CHECK(order == "rprle");
}

TEST_CASE("timers fire in order of their deadlines, never early, and once") {
  Loop loop;
  std::string order;
  Timer late{loop}, early{loop};
  const Instant began = loop.now();

  late.arm(began + Duration{20}, [&] { order += 'l'; });
  early.arm(began + Duration{5}, [&] {
    order += 'e';
    CHECK(loop.now() >= began + Duration{5});
  });
  loop.run();

  CHECK(order == "el");
  CHECK(loop.now() >= began + Duration{20});
  CHECK_FALSE(late.is_armed());
}

TEST_CASE("a disarmed timer never fires, and a timer may re-arm or destroy itself") {
  Loop loop;
  int fired = 0;
  auto self = std::make_unique<Timer>(loop);
  Timer disarmed{loop}, repeated{loop};
  disarmed.arm(Duration{0}, [&] { FAIL("was disarmed"); });
  disarmed.disarm();
  self->arm(Duration{0}, [&, owned = std::string(100, 'x')] {
    self.reset();
    CHECK(owned.size() == 100);  // the running callback outlives its timer
  });
  repeated.arm(Duration{0}, [&] {
    ++fired;
    repeated.arm(Duration{0}, [&] { ++fired; });
  });

  loop.run();

  CHECK(fired == 2);
  CHECK(self == nullptr);
}

TEST_CASE("a timer in the past fires in the next turn even after a long callback") {
  Loop loop;
  Timer first{loop}, second{loop};
  const Instant began = loop.now();
  bool fired = false;
  first.arm(Duration{0}, [&] {
    while (loop.now() < began + Duration{20}) {
    }
    second.arm(began + Duration{10}, [&] { fired = true; });
  });

  loop.run_ready();
  loop.run_ready();

  CHECK(fired);
}

TEST_CASE("disposal destroys an object after the current callback") {
  Loop loop;
  auto shared = std::make_shared<int>(1);  // counts owners
  std::weak_ptr<int> alive = shared;
  loop.post([&] {
    loop.dispose(std::move(shared));
    CHECK_FALSE(alive.expired());
  });

  loop.run();

  CHECK(alive.expired());
}

TEST_CASE("a loop that is destroyed with work posted drops it") {
  auto shared = std::make_shared<int>(1);
  std::weak_ptr<int> alive = shared;
  {
    Loop loop;
    loop.post([owned = shared] { FAIL("must not run"); });
    loop.post_after_poll([owned = std::move(shared)] { FAIL("must not run"); });
  }
  CHECK(alive.expired());
}

TEST_CASE("stop ends run with timers still armed") {
  Loop loop;
  Timer timer{loop};
  timer.arm(Duration{3'600'000}, [] {});
  loop.post([&] { loop.stop(); });

  loop.run();

  CHECK(timer.is_armed());
}

TEST_CASE("a gap is reported before the first timer that it delayed, once") {
  Loop loop;
  std::vector<Duration> gaps;
  loop.on_gap(Duration{30}, [&](Duration late) { gaps.push_back(late); });
  Timer delayed{loop}, too{loop};
  delayed.arm(Duration{2}, [&] { CHECK(gaps.size() == 1); });
  too.arm(Duration{3}, [] {});
  const Instant began = loop.now();
  while (loop.now() < began + Duration{60}) {
  }

  loop.run();

  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0] >= Duration{55});
}

TEST_CASE("whoever hears of a gap may defer, disarm or destroy the timers that it delayed") {
  Loop loop;
  Timer deferred{loop}, disarmed{loop};
  auto destroyed = std::make_unique<Timer>(loop);
  const Instant began = loop.now();
  bool fired = false;
  loop.on_gap(Duration{20}, [&](Duration) {
    deferred.arm(began + Duration{100}, [&] {
      fired = true;
      CHECK(loop.now() >= began + Duration{100});
    });
    disarmed.disarm();
    destroyed.reset();
  });
  destroyed->arm(Duration{1}, [] { FAIL("was destroyed"); });
  deferred.arm(Duration{2}, [] { FAIL("was deferred"); });
  disarmed.arm(Duration{3}, [] { FAIL("was disarmed"); });
  while (loop.now() < began + Duration{50}) {  // all of them are late before the first turn
  }

  loop.run();

  CHECK(fired);
}

TEST_CASE("waiting is no gap and not busy") {
  Loop loop;
  std::vector<Duration> turns;
  loop.on_gap(Duration{200}, [&](Duration) { FAIL("no gap here"); });
  loop.on_turn([&](Duration busy) { turns.push_back(busy); });
  Timer timer{loop};
  timer.arm(Duration{300}, [] {});

  loop.run();

  for (const auto busy : turns) CHECK(busy < std::chrono::milliseconds{250});
}

TEST_CASE("a turn's length is reported without the waiting") {
  Loop loop;
  Duration longest{0};
  loop.on_turn([&](Duration busy) { longest = std::max(longest, busy); });
  Timer timer{loop}, ends{loop};
  timer.arm(Duration{5}, [&] {
    const Instant began = loop.now();
    while (loop.now() < began + Duration{30}) {
    }
  });
  ends.arm(Duration{60}, [] {});

  loop.run();

  CHECK(longest >= std::chrono::milliseconds{28});
}

TEST_CASE("an idle loop does not wake up") {
  Loop loop;
  int turns = 0;
  loop.on_turn([&](Duration) { ++turns; });
  Timer timer{loop};
  timer.arm(Duration{100}, [] {});

  loop.run();

  CHECK(turns <= 3);
}

TEST_CASE("a signal watch reports ordinary and real-time signals") {
  Loop loop;
  std::vector<int> seen;
  auto user = SignalWatch::open(loop, SIGUSR1, [&](int number) { seen.push_back(number); });
  auto real_time =
      SignalWatch::open(loop, SIGRTMIN + 4, [&](int number) { seen.push_back(number); });
  REQUIRE(user);
  REQUIRE(real_time);

  ::raise(SIGUSR1);
  ::raise(SIGRTMIN + 4);

  CHECK(turn_until(loop, [&] { return seen.size() == 2; }));
  CHECK(seen == std::vector{SIGUSR1, SIGRTMIN + 4});
}

TEST_CASE("a signal that cannot be watched is an error") {
  Loop loop;
  const auto watch = SignalWatch::open(loop, SIGKILL, [](int) {});
  REQUIRE_FALSE(watch);
  CHECK(watch.error().message == "cannot watch signal 9: Invalid argument");
}

TEST_CASE("work runs on the threadpool and its result arrives on the loop") {
  Loop loop;
  std::string result;
  Work work = run_on_threadpool(
      loop, [] { return std::string{"done"}; },
      [&](std::string value) { result = std::move(value); });
  CHECK(work.is_running());

  loop.run();

  CHECK(result == "done");
  CHECK_FALSE(work.is_running());
}

TEST_CASE("a thread of the pool takes no signal") {
  Loop loop;
  bool takes = true;
  const Work work = run_on_threadpool(
      loop,
      [] {
        sigset_t held;
        pthread_sigmask(SIG_BLOCK, nullptr, &held);
        return sigismember(&held, SIGTERM) == 0 || sigismember(&held, SIGRTMIN) == 0;
      },
      [&](bool answer) { takes = answer; });

  loop.run();

  CHECK_FALSE(takes);
}

TEST_CASE("work that is forgotten does not call back") {
  Loop loop;
  {
    Work forgotten = run_on_threadpool(loop, [] { return 1; }, [](int) { FAIL("was forgotten"); });
  }
  loop.run();
}

TEST_CASE("a descriptor that epoll cannot watch is an error") {
  Loop loop;
  const Fd file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  const auto poll = Poll::open(loop, file.get(), [](Readiness) {});
  REQUIRE_FALSE(poll);
  CHECK(poll.error().message.ends_with(": Operation not permitted"));
}
