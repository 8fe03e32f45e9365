#include "loop/work.h"

#include <uv.h>

#include <optional>

#include "base/assert.h"
#include "loop/pool.h"
#include "loop/signal.h"
#include "loop/timer.h"

namespace mcpctl::loop {

namespace {

constexpr Duration between_attempts{200};

}  // namespace

struct Work::Job {
  explicit Job(Loop& owner_loop) : loop(owner_loop) {}

  Loop& loop;
  uv_work_t request{};
  Callback<> run;
  Callback<> done;
  Work* owner{nullptr};        // null once forgotten
  std::optional<Timer> again;  // while the kernel refuses the pool's threads

  void begin() {
    if (!is_pool_granted()) {
      again.emplace(loop).arm(between_attempts, [this] { begin(); });
      return;
    }
    again.reset();
    const SignalsHeld held;  // the first work makes the threads, and signals are the loop's
    const int error = uv_queue_work(
        loop.raw(), &request,
        [](uv_work_t* work) noexcept { static_cast<Job*>(work->data)->run(); }, finished);
    MCPCTL_ASSERT(error == 0);  // fails only without a function
  }

  static void finished(uv_work_t* request, int) noexcept {
    const std::unique_ptr<Job> job{static_cast<Job*>(request->data)};
    if (job->owner == nullptr) return;
    job->owner->job_ = nullptr;
    job->done();
  }
};

Work start_work(Loop& loop, Callback<> run, Callback<> done) {
  auto job = std::make_unique<Work::Job>(loop);
  job->run = std::move(run);
  job->done = std::move(done);
  job->request.data = job.get();
  Work work;
  work.job_ = job.release();
  work.job_->owner = &work;
  work.job_->begin();
  return work;
}

Work::~Work() { abandon(); }

bool Work::waits_for_threads() const noexcept { return job_ != nullptr && job_->again; }

Work::Work(Work&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {
  if (job_ != nullptr) job_->owner = this;
}

Work& Work::operator=(Work&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  job_ = std::exchange(other.job_, nullptr);
  if (job_ != nullptr) job_->owner = this;
  return *this;
}

void Work::abandon() noexcept {
  Job* job = std::exchange(job_, nullptr);
  if (job == nullptr) return;
  job->owner = nullptr;
  if (job->again) {  // libuv has never heard of it
    const std::unique_ptr<Job> dropped{job};
    return;
  }
  uv_cancel(reinterpret_cast<uv_req_t*>(&job->request));  // too late is fine
}

}  // namespace mcpctl::loop
