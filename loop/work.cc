#include "loop/work.h"

#include <uv.h>

#include "base/assert.h"
#include "loop/signal.h"

namespace mcpctl::loop {

struct Work::Job {
  uv_work_t request{};
  Callback<> run;
  Callback<> done;
  Work* owner{nullptr};  // null once forgotten

  static void finished(uv_work_t* request, int) noexcept {
    const std::unique_ptr<Job> job{static_cast<Job*>(request->data)};
    if (job->owner == nullptr) return;
    job->owner->job_ = nullptr;
    job->done();
  }
};

Work start_work(Loop& loop, Callback<> run, Callback<> done) {
  auto job = std::make_unique<Work::Job>();
  job->run = std::move(run);
  job->done = std::move(done);
  job->request.data = job.get();
  const SignalsHeld held;  // the first work makes the threads, and signals are the loop's
  const int error = uv_queue_work(
      loop.raw(), &job->request,
      [](uv_work_t* request) noexcept { static_cast<Work::Job*>(request->data)->run(); },
      Work::Job::finished);
  MCPCTL_ASSERT(error == 0);  // fails only without a function
  Work work;
  work.job_ = job.release();
  work.job_->owner = &work;
  return work;
}

Work::~Work() { abandon(); }

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
  uv_cancel(reinterpret_cast<uv_req_t*>(&job->request));  // too late is fine
}

}  // namespace mcpctl::loop
