#include "loop/loop.h"

#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <optional>
#include <vector>

#include "base/assert.h"

namespace mcpctl::loop {

namespace {

Instant monotonic_now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant{
      Duration{static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000}};
}

/// No descriptors or no memory for a loop.  It is the first thing that a program makes,
/// so there is nothing to end in order and nobody yet who could be told otherwise.
[[noreturn]] void cannot_begin(int error) {
  std::fprintf(stderr, "mcpctl: error: cannot make an event loop: %s\n", uv_strerror(error));
  std::exit(EXIT_FAILURE);
}

/// libuv makes a pipe for its signals and aborts without a word if it gets none.
void check_pipes() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) cannot_begin(-errno);
  for (const int end : ends) ::close(end);
}

uv_handle_t* handle(auto* raw) noexcept { return reinterpret_cast<uv_handle_t*>(raw); }

}  // namespace

struct Loop::Inner {
  uv_loop_t loop{};
  uv_prepare_t prepare{};
  uv_check_t check{};
  uv_idle_t idle{};  // active while something is posted: the loop must not block

  std::vector<Callback<>> inbox;
  std::vector<Callback<>> batch;
  std::vector<Callback<>> patient;    // post_after_poll()
  std::vector<Callback<>> expectant;  // the same, and the kernel is being asked
  bool running{false};

  Duration gap_threshold{0};
  Callback<Duration> gap;
  Instant gap_seen{};  // lateness up to here is explained

  Callback<Duration> turn;
  std::optional<Instant> woken;  // nothing before the first waiting

  std::unique_ptr<char[]> scratch{new char[Scratch::size]};
  bool scratch_lent{false};

  static Inner& of(void* data) noexcept { return *static_cast<Inner*>(data); }

  void post(std::vector<Callback<>>& to, Callback<> callback) {
    if (uv_is_closing(handle(&idle)) != 0) return;  // the loop is being destroyed
    to.push_back(std::move(callback));
    uv_idle_start(&idle, [](uv_idle_t*) noexcept {});
  }

  void drain() noexcept {
    batch.swap(inbox);
    for (Callback<>& posted : batch) {
      Callback<> once = std::move(posted);  // what it owns dies right after its run
      once();
    }
    batch.clear();
    if (inbox.empty() && patient.empty()) uv_idle_stop(&idle);
  }

  void before_waiting() noexcept {
    drain();
    expectant.swap(patient);
    if (turn && woken) turn(std::max(Duration{0}, monotonic_now() - *woken));
  }

  void after_waiting() noexcept {
    woken = clock();
    std::ranges::move(expectant, std::back_inserter(inbox));
    expectant.clear();
    drain();
  }

  /// As libuv read it last: when the waiting ended, or when the turn's timers were due.
  Instant clock() const noexcept {
    return Instant{Duration{static_cast<std::int64_t>(uv_now(&loop))}};
  }

  void run(uv_run_mode mode) noexcept {
    MCPCTL_ASSERT(!running);
    running = true;
    uv_run(&loop, mode);
    running = false;
  }
};

Loop::Loop() : inner_(std::make_unique<Inner>()) {
  Inner& inner = *inner_;
  check_pipes();
  if (const int error = uv_loop_init(&inner.loop); error != 0) cannot_begin(error);
  uv_prepare_init(&inner.loop, &inner.prepare);
  uv_check_init(&inner.loop, &inner.check);
  uv_idle_init(&inner.loop, &inner.idle);
  inner.prepare.data = inner.check.data = inner.idle.data = &inner;
  uv_prepare_start(&inner.prepare,
                   [](uv_prepare_t* raw) noexcept { Inner::of(raw->data).before_waiting(); });
  uv_check_start(&inner.check,
                 [](uv_check_t* raw) noexcept { Inner::of(raw->data).after_waiting(); });
  uv_unref(handle(&inner.prepare));
  uv_unref(handle(&inner.check));
}

Loop::~Loop() {
  Inner& inner = *inner_;
  MCPCTL_ASSERT(!inner.running);
  inner.gap = nullptr;
  inner.turn = nullptr;
  // A dropped closure may own objects whose destructors post again.
  while (!inner.inbox.empty() || !inner.patient.empty()) {
    std::exchange(inner.inbox, {}).clear();
    std::exchange(inner.patient, {}).clear();
  }

  uv_close(handle(&inner.prepare), nullptr);
  uv_close(handle(&inner.check), nullptr);
  uv_close(handle(&inner.idle), nullptr);
  uv_walk(
      &inner.loop,
      [](uv_handle_t* open, void*) noexcept { MCPCTL_ASSERT(uv_is_closing(open) != 0); }, nullptr);
  uv_run(&inner.loop, UV_RUN_DEFAULT);
  MCPCTL_ASSERT(uv_loop_close(&inner.loop) == 0);
}

void Loop::run() { inner_->run(UV_RUN_DEFAULT); }
void Loop::run_ready() { inner_->run(UV_RUN_NOWAIT); }
void Loop::run_once() { inner_->run(UV_RUN_ONCE); }
void Loop::stop() noexcept { uv_stop(&inner_->loop); }
uv_loop_s* Loop::raw() noexcept { return &inner_->loop; }
Instant Loop::now() const noexcept { return monotonic_now(); }
Instant Loop::turn() const noexcept { return inner_->clock(); }

void Loop::post(Callback<> callback) { inner_->post(inner_->inbox, std::move(callback)); }
void Loop::post_after_poll(Callback<> callback) {
  inner_->post(inner_->patient, std::move(callback));
}

void Loop::on_gap(Duration threshold, Callback<Duration> gap) {
  inner_->gap_threshold = threshold;
  inner_->gap = std::move(gap);
}

void Loop::notice_due(Instant due) {
  if (!inner_->gap) return;
  const Instant current = now();
  const Duration late = current - std::max(due, inner_->gap_seen);
  if (late <= inner_->gap_threshold) return;
  inner_->gap_seen = current;
  inner_->gap(late);
}

void Loop::on_turn(Callback<Duration> turn) {
  MCPCTL_ASSERT(!inner_->running);
  inner_->turn = std::move(turn);
}

Loop::Scratch::Scratch(Loop& loop) : loop_(loop), data_(loop.inner_->scratch.get()) {
  if (loop.inner_->scratch_lent) {
    own_.reset(new char[size]);
    data_ = own_.get();
  }
  loop.inner_->scratch_lent = true;
}

Loop::Scratch::~Scratch() {
  if (!own_) loop_.inner_->scratch_lent = false;
}

}  // namespace mcpctl::loop
