#include "runtime/process.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "spawn/exit_status.h"
#include "spawn/pipe.h"

namespace mcpctl::runtime {
namespace {

/// What a server may have queued before it reads: the longest line and some.
constexpr std::size_t stdin_queue_cap = 16u << 20;
/// How long after the exit its last words are waited for.
constexpr Duration drain_time{500};
/// How often an exit status is asked for that a debugger still has.
constexpr Duration debugger_time{100};

supervisor::ExitStatus decoded(const spawn::ExitStatus& status) {
  return {status.code, status.signal, status.core_dumped, false};
}

spawn::SpawnFailure cannot_prepare(const std::string& server, std::string what) {
  // Whatever it is, it was not the server: what says nothing is taken for a shortage.
  return {spawn::Stage::prepare, errno == 0 ? ENOMEM : errno, server, std::move(what), {}};
}

}  // namespace

Process::Process(loop::Loop& loop, spawn::Tree tree, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)), tree_(std::move(tree)) {}

Process::~Process() = default;

Process::Pending::Pending(loop::Loop& loop, spawn::Launch launch, std::string cookie,
                          spawn::Cgroup* cgroup, Callbacks callbacks)
    : loop_(loop),
      launch_(std::move(launch)),
      cookie_(std::move(cookie)),
      cgroup_(cgroup),
      callbacks_(std::move(callbacks)) {}

std::expected<Process::Pending, spawn::SpawnFailure> Process::begin(
    loop::Loop& loop, spawn::ChildSpec spec, const Wiring& wiring, std::string cookie,
    spawn::Cgroup* cgroup, Callbacks callbacks) {
  using spawn::PipeDirection;
  const std::string server = spec.name;
  std::vector<loop::Fd> theirs;
  bool all_made = true;
  const auto pipe_to = [&](int target, PipeDirection direction, std::size_t capacity) {
    auto pipe = spawn::make_pipe(direction, capacity);
    if (!pipe) {
      all_made = false;
      return loop::Fd{};
    }
    spec.descriptors.push_back({pipe->theirs.get(), target});
    theirs.push_back(std::move(pipe->theirs));
    return std::move(pipe->ours);
  };
  loop::Fd in = wiring.stdin_pipe ? pipe_to(0, PipeDirection::to_child, 0) : loop::Fd{};
  loop::Fd out = pipe_to(1, PipeDirection::from_child, wiring.stdout_capacity);
  loop::Fd err = pipe_to(2, PipeDirection::from_child, 0);
  loop::Fd notify =
      wiring.notify_fd > 0 ? pipe_to(wiring.notify_fd, PipeDirection::from_child, 0) : loop::Fd{};
  if (!all_made) return std::unexpected{cannot_prepare(server, "make its pipes")};
  if (cgroup != nullptr) {
    loop::Fd group = cgroup->open();
    if (!group) return std::unexpected{cannot_prepare(server, "open its control group")};
    spec.cgroup = group.get();
    theirs.push_back(std::move(group));
  }

  auto launch = spawn::Launch::begin(std::move(spec), std::move(theirs));
  if (!launch) return std::unexpected{std::move(launch.error())};
  Pending pending{loop, std::move(*launch), std::move(cookie), cgroup, std::move(callbacks)};
  pending.server_ = server;
  pending.in_ = std::move(in);
  pending.out_ = std::move(out);
  pending.err_ = std::move(err);
  pending.notify_ = std::move(notify);
  return pending;
}

Process::Started Process::Pending::complete() {
  auto child = launch_.complete();
  if (!child) return std::unexpected{std::move(child.error())};

  errno = 0;
  spawn::Tree tree{std::move(*child), std::move(cookie_), cgroup_};
  std::unique_ptr<Process> process{new Process{loop_, std::move(tree), std::move(callbacks_)}};
  const auto attached =
      process->attach(std::move(in_), std::move(out_), std::move(err_), std::move(notify_));
  if (attached) return process;

  // It runs, but we could not watch it (no descriptors left): end it again.
  const spawn::SpawnFailure failure = cannot_prepare(server_, "watch its pipes");
  const spawn::Child& leader = process->tree_.leader();
  ::kill(leader.pid, SIGKILL);
  ::waitpid(leader.pid, nullptr, 0);
  return std::unexpected{failure};
}

Process::Started Process::start(loop::Loop& loop, spawn::ChildSpec spec, const Wiring& wiring,
                                std::string cookie, spawn::Cgroup* cgroup, Callbacks callbacks) {
  auto pending =
      begin(loop, std::move(spec), wiring, std::move(cookie), cgroup, std::move(callbacks));
  if (!pending) return std::unexpected{std::move(pending.error())};
  return pending->complete();
}

Result<void> Process::attach(loop::Fd in, loop::Fd out, loop::Fd err, loop::Fd notify) {
  auto watch =
      loop::Poll::open(loop_, tree_.leader().pidfd.get(), [this](loop::Readiness) { ended(); });
  if (!watch) return std::unexpected{watch.error()};
  exit_watch_ = std::move(*watch);
  exit_watch_->watch({.readable = true});

  if (in) {
    auto writer = loop::PipeWriter::open(loop_, std::move(in), stdin_queue_cap,
                                         {.on_drained =
                                              [this] {
                                                if (callbacks_.on_stdin_drained) {
                                                  callbacks_.on_stdin_drained();
                                                }
                                              },
                                          .on_broken = [](const Error&) {}});
    if (!writer) return std::unexpected{writer.error()};
    stdin_ = std::move(*writer);
  }
  auto out_reader = reader(std::move(out), callbacks_.on_stdout, &callbacks_.on_stdout_end);
  if (!out_reader) return std::unexpected{out_reader.error()};
  stdout_ = std::move(*out_reader);
  auto err_reader = reader(std::move(err), callbacks_.on_stderr, &callbacks_.on_stderr_end);
  if (!err_reader) return std::unexpected{err_reader.error()};
  stderr_ = std::move(*err_reader);
  if (!notify) return {};
  auto notify_reader = reader(std::move(notify), callbacks_.on_notify, nullptr);
  if (!notify_reader) return std::unexpected{notify_reader.error()};
  notify_ = std::move(*notify_reader);
  return {};
}

Result<loop::PipeReader> Process::reader(loop::Fd pipe,
                                         std::function<void(std::string_view)>& on_data,
                                         std::function<void()>* on_end) {
  return loop::PipeReader::open(loop_, std::move(pipe),
                                {.on_data =
                                     [&on_data](std::string_view bytes) {
                                       if (on_data) on_data(bytes);
                                     },
                                 .on_end =
                                     [on_end](std::optional<Error>) {
                                       if (on_end != nullptr && *on_end) (*on_end)();
                                     }});
}

loop::Written Process::write(std::string_view bytes) {
  return stdin_ ? stdin_->write(bytes) : loop::Written::closed;
}

void Process::close_stdin() {
  if (stdin_) stdin_->close_after_flush();
}

void Process::pause_stdout(bool paused) {
  if (stdout_) paused ? stdout_->pause() : stdout_->resume();
}

void Process::pause_stderr(bool paused) {
  if (stderr_) paused ? stderr_->pause() : stderr_->resume();
}

/// Its pidfd says so.  While a debugger has not taken its exit status it is not ours to
/// take either, though the descriptor stays readable: watching that would spin.
void Process::ended() {
  check_exit();
  if (exited_) return;
  exit_watch_->watch({});
  if (!look_again_) look_again_.emplace(loop_);
  look_again_->arm(debugger_time, [this] { ended(); });
}

void Process::check_exit() {
  if (exited_) return;
  tree_.leader_ended();
  const auto status = spawn::try_reap(tree_.leader());
  if (status && !*status) return;
  exited_ = true;
  exit_watch_.reset();
  look_again_.reset();
  stdin_.reset();

  // Its last words come before the news of its death.
  for (auto* reader : {&notify_, &stdout_, &stderr_}) {
    if (*reader && (*reader)->is_open()) (*reader)->read_all_now();
  }
  drain_.emplace(loop_);
  drain_->arm(drain_time, [this] { drop_readers(); });
  callbacks_.on_exit(status ? decoded(**status) : supervisor::ExitStatus{});
}

void Process::drop_readers() {
  if (stdout_ && stdout_->is_open()) {
    stdout_.reset();
    if (callbacks_.on_stdout_end) callbacks_.on_stdout_end();
  }
  if (stderr_ && stderr_->is_open()) {
    stderr_.reset();
    if (callbacks_.on_stderr_end) callbacks_.on_stderr_end();
  }
  notify_.reset();
}

}  // namespace mcpctl::runtime
