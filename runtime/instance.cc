#include "runtime/instance.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "spawn/command.h"
#include "spawn/environment.h"

namespace mcpctl::runtime {
namespace {

/// How often a talkative server's stderr is told to its machine as progress, at most.
constexpr Duration progress_interval{1'000};
constexpr std::string_view fallback_path = "/usr/local/bin:/usr/bin:/bin";

/// A TCP port of the loopback interface that nobody uses now.
Result<std::uint16_t> free_port() {
  const loop::Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool bound = socket && ::bind(socket.get(), raw, length) == 0 &&
                     ::getsockname(socket.get(), raw, &length) == 0;
  if (!bound) return failure("cannot find a free port: " + std::string{std::strerror(errno)});
  return ntohs(address.sin_port);
}

bool wants_notify_socket(const config::Server& server) {
  return server.readiness.method == config::Readiness::Method::notify ||
         server.liveness.method == config::Liveness::Method::notify;
}

}  // namespace

Instance::Instance(ServerId id, config::Server server, FleetContext& context, Client client,
                   std::string marked_as)
    : id_(id),
      around_(context),
      client_(std::move(client)),
      marked_as_(std::move(marked_as)),
      config_(std::make_shared<config::Server>(std::move(server))),
      log_(std::make_unique<ServerLog>(around_.loop, config_->name, config_->logs, around_.lines,
                                       log_callbacks())),
      deadline_(around_.loop),
      channel_(around_.loop, channel_wires()) {
  channel_.configured(*config_, running());
}

Instance::~Instance() {
  if (pending_) around_.trees.remove_child(pending_->pid());
  if (!process_) return;
  around_.trees.remove_child(process_->pid());
  around_.trees.forget(process_->tree());
}

void Instance::note(const std::string& text) { log_->note(text); }

void Instance::report(supervisor::Event event) { around_.report(id_, std::move(event)); }

bool Instance::speaks_on_stdio() const {
  return running().kind == config::Kind::mcp && running().transport == config::Transport::stdio;
}

// ---- spawning ----------------------------------------------------------------

void Instance::perform(const supervisor::Spawn& action) {
  incarnation_ = action.as;
  line_watch_.reset();
  prober_.reset();
  notify_.reset();
  if (process_) around_.trees.forget(process_->tree());
  process_.reset();
  for (const Stream stream : {Stream::out, Stream::err}) log_->end(stream);
  status_text_.clear();
  last_progress_ = Instant{};
  feeds_watchdog_ = false;

  const auto port = choose_port();
  if (!port) return report(supervisor::SpawnFailed{incarnation_, port.error().message, true});
  running_ = config_;
  if (*port) {
    running_ = std::make_shared<config::Server>(config::with_port(*config_, **port));
    running_->port = *port;
  }
  was_ready_ = false;
  channel_.configured(*config_, *running_);
  channel_.spawned(incarnation_);
  if (is_remote()) {
    make_prober();
    return report(supervisor::Spawned{incarnation_});
  }
  spawn_process();
}

/// A free port stays a server's own for as long as it serves there.
Result<std::optional<std::uint16_t>> Instance::choose_port() {
  if (!config_->port) return std::nullopt;
  if (*config_->port != 0) return *config_->port;
  if (port_ && was_ready_) return *port_;
  const auto port = free_port();
  if (!port) return std::unexpected{port.error()};
  port_ = *port;
  return *port;
}

void Instance::spawn_process() {
  spawn_number_ = ++around_.spawns;
  const spawn::Cookie cookie = this->cookie();
  // The socket is ours: that there is none is no fault of the server, and passes.
  if (wants_notify_socket(*running_)) {
    auto socket = NotifySocket::open(
        around_.loop, [this](const health::Notification& message) { notified(message); });
    if (!socket) {
      return report(supervisor::SpawnFailed{
          incarnation_, "cannot start " + config_->name + ": " + socket.error().message, true});
    }
    notify_.emplace(std::move(*socket));
  }
  auto spec = prepare(cookie);
  if (!spec) {
    return report(supervisor::SpawnFailed{
        incarnation_, "cannot start " + config_->name + ": " + spec.error().message,
        spec.error().mends_itself, spec.error().shell_code});
  }
  Process::Wiring wiring;
  wiring.stdin_pipe = speaks_on_stdio();
  wiring.notify_fd = running_->readiness.notify_fd;
  wiring.stdout_capacity = around_.pipe_capacity;
  auto pending = Process::begin(around_.loop, std::move(*spec), wiring, to_string(cookie),
                                cgroup_ ? &*cgroup_ : nullptr, process_callbacks());
  if (!pending) return spawn_failed(pending.error());
  pending_.emplace(std::move(*pending));
  around_.trees.add_child(pending_->pid(), [this] {
    if (process_) process_->check_exit();
  });
  // Whoever else is to be spawned in this turn comes before the wait for the exec.
  around_.loop.post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) complete_spawn();
  });
}

void Instance::complete_spawn() {
  if (!pending_) return;
  const pid_t pid = pending_->pid();
  auto process = pending_->complete();
  pending_.reset();
  if (!process) {
    around_.trees.remove_child(pid);
    return spawn_failed(process.error());
  }
  process_ = std::move(*process);
  make_prober();
  if (notify_) notify_->listen();  // it may have spoken already
  report(supervisor::Spawned{incarnation_});
}

void Instance::spawn_failed(const spawn::SpawnFailure& why) {
  report(
      supervisor::SpawnFailed{incarnation_, why.message(), why.mends_itself(), why.shell_code()});
}

std::expected<spawn::ChildSpec, spawn::NoProgram> Instance::prepare(const spawn::Cookie& cookie) {
  const config::Server& server = *running_;
  spawn::EnvironmentSpec environment;
  environment.configured = &server.env;
  environment.inherit = &server.inherit_env;
  environment.identity = server.user ? &*server.user : nullptr;
  environment.port = server.port;
  environment.cookie = cookie;
  if (notify_) {
    environment.extra.push_back("NOTIFY_SOCKET=" + notify_->address());
    feeds_watchdog_ = server.liveness.method == config::Liveness::Method::notify;
    if (feeds_watchdog_) {
      environment.extra.push_back("WATCHDOG_USEC=" +
                                  std::to_string(server.liveness.interval.count() * 1000));
    }
  }

  spawn::ChildSpec spec;
  spec.name = server.name;
  spec.env = spawn::build_environment(environment, environ);
  std::string_view path = spawn::value_in(spec.env, "PATH");
  if (path.empty()) path = fallback_path;
  auto file = spawn::resolve_command(server.command, path, server.cwd);
  if (!file) return std::unexpected{file.error()};
  spec.file = std::move(*file);
  spec.argv = {server.command};
  spec.argv.insert(spec.argv.end(), server.args.begin(), server.args.end());
  spec.cwd = server.cwd;
  spec.identity = server.user;
  spec.umask = server.umask;
  spec.rlimits = server.rlimits;
  if (around_.descriptor_limit &&
      std::ranges::find(spec.rlimits, RLIMIT_NOFILE, &config::ResourceLimit::resource) ==
          spec.rlimits.end()) {
    spec.rlimits.push_back(*around_.descriptor_limit);
  }
  spec.oom_score_adj = server.oom_score_adj;
  limit_cgroup();
  return spec;
}

void Instance::limit_cgroup() {
  // The former incarnation's, whose tree is gone.
  if (cgroup_ && !cgroup_->is_as_new()) cgroup_.reset();
  if (!cgroup_ && around_.cgroup) {
    if (auto made = around_.cgroup->incarnation_of(config_->name))
      cgroup_.emplace(std::move(*made));
  }
  const std::uint64_t pids = running_->pids;
  if (!cgroup_) {
    if (pids != 0) note("pids limit not enforced: no control group is writable here");
    return;
  }
  // Memory has no hard limit here: going over it is answered by an orderly restart.
  if (pids != 0) {
    const std::string& cause = around_.cgroup->missing();
    for (const std::string& refused : cgroup_->limit({.memory = 0, .pids = pids})) {
      note("limit not enforced: " + refused + (cause.empty() ? "" : " (" + cause + ")"));
    }
  }
}

// ---- what the process says ------------------------------------------------------

Process::Callbacks Instance::process_callbacks() {
  Process::Callbacks callbacks;
  if (speaks_on_stdio()) {
    callbacks.on_stdout = [this](std::string_view bytes) {
      if (prober_) prober_->heard_stdout(bytes);
    };
  } else {
    callbacks.on_stdout = [this](std::string_view bytes) { heard(Stream::out, bytes); };
    callbacks.on_stdout_end = [this] { log_->end(Stream::out); };
  }
  callbacks.on_stderr = [this](std::string_view bytes) { heard(Stream::err, bytes); };
  callbacks.on_stderr_end = [this] { log_->end(Stream::err); };
  callbacks.on_notify = [this](std::string_view bytes) {
    if (prober_ && bytes.find('\n') != std::string_view::npos) prober_->notified_ready();
  };
  callbacks.on_stdin_drained = [this] { channel_.drained(); };
  callbacks.on_exit = [this](const supervisor::ExitStatus& status) { exited(status); };
  return callbacks;
}

void Instance::heard(Stream stream, std::string_view bytes) {
  log_->append(stream, bytes);
  if (log_->is_congested() && process_) {
    process_->pause_stderr(true);
    if (!speaks_on_stdio()) process_->pause_stdout(true);
  }
  const Instant now = around_.loop.now();
  const Duration interval = std::min(progress_interval, running_->readiness.timeout / 4);
  if (was_ready_ || now - last_progress_ < interval) return;
  last_progress_ = now;
  report(supervisor::Progressed{incarnation_});
}

void Instance::notified(const health::Notification& notification) {
  if (notification.status) status_text_ = *notification.status;
  if (notification.extend_timeout) report(supervisor::Progressed{incarnation_});
  if (prober_) prober_->notified(notification);
}

void Instance::exited(const supervisor::ExitStatus& status) {
  around_.trees.remove_child(process_->pid());
  log_->end(Stream::err);
  supervisor::ExitStatus told = status;
  // The group of the server knows for sure; where it counts nothing, ours may.  A good end
  // has nothing to do with anybody's killing; a thousand of them come at once.
  const bool ended_well = status.signal == 0 && status.code == 0;
  const bool anybody_was_killed = !ended_well && around_.oom.has_killed();
  if (told.signal == SIGKILL) {
    const auto kills = cgroup_ ? cgroup_->oom_kills() : std::nullopt;
    told.out_of_memory = kills ? *kills > 0 : anybody_was_killed;
  }
  const bool empty = around_.trees.is_empty(process_->tree());
  if (empty) {
    around_.trees.forget(process_->tree());
  } else {
    around_.trees.await_end(
        process_->tree(), [this, about = incarnation_] { report(supervisor::TreeEmptied{about}); });
  }
  report(supervisor::Exited{incarnation_, told, empty});
}

// ---- probing ---------------------------------------------------------------------

void Instance::make_prober() {
  const std::uint64_t chance =
      (std::uint64_t{id_.value} << 32 | incarnation_.value) * 0x9e3779b97f4a7c15u;
  prober_.emplace(
      around_.loop, around_.trees, *running_, [this] { return check_target(); }, protocol_, chance,
      around_.relays, client_ ? &*client_ : nullptr, prober_callbacks());
  if (running_->readiness.method != config::Readiness::Method::log_line) return;
  line_watch_ = log_->lines().subscribe([this](const Line& line) {
    if (is_own_output(line.stream) && prober_) prober_->heard_line(line.text);
  });
}

CheckTarget Instance::check_target() const {
  CheckTarget target;
  target.server = running_->name;
  target.cwd = running_->cwd;
  target.identity = running_->user;
  spawn::EnvironmentSpec environment;
  environment.configured = &running_->env;
  environment.inherit = &running_->inherit_env;
  environment.port = running_->port;
  environment.cookie = cookie("!check");
  target.cookie = to_string(*environment.cookie);
  target.env = spawn::build_environment(environment, environ);
  return target;
}

Prober::Callbacks Instance::prober_callbacks() {
  Prober::Callbacks callbacks;
  callbacks.on_ready = [this, about = incarnation_] {
    was_ready_ = true;
    report(supervisor::ReadinessProven{about});
  };
  callbacks.on_failing = [this, about = incarnation_] { report(supervisor::HealthFailing{about}); };
  callbacks.on_recovered = [this, about = incarnation_] {
    report(supervisor::HealthRecovered{about});
  };
  callbacks.on_lost = [this, about = incarnation_] { report(supervisor::HealthLost{about}); };
  callbacks.write = [this](std::string_view message) {
    if (!process_) return;
    const std::string line = std::string{message} + '\n';
    if (process_->write(line) == loop::Written::full) {
      note("stdin: the server reads nothing; a message was dropped");
    }
  };
  callbacks.is_unread = [this] { return process_ && process_->stdin_unread() > 0; };
  callbacks.note = [this](const std::string& text) { this->note(text); };
  callbacks.on_opened = [this](const mcp::Profile& profile) { channel_.opened(profile); };
  callbacks.relay = [this](std::string_view message, const mcp::Envelope& envelope) {
    return channel_.heard(message, envelope);
  };
  return callbacks;
}

Channel::Wires Instance::channel_wires() {
  Channel::Wires wires;
  wires.write = [this](std::string_view lines) {
    return process_ ? process_->write(lines) : loop::Written::closed;
  };
  wires.queued = [this] { return process_ ? process_->stdin_queued() : 0; };
  wires.take_id = [this] { return prober_->take_id(); };
  wires.report = [this](supervisor::Event event) { report(std::move(event)); };
  wires.is_harmless = [this](std::string_view name) {
    const mcp::Client* client = prober_ ? prober_->client() : nullptr;
    if (client == nullptr) return false;
    const auto tool = std::ranges::find(client->tools(), name, &mcp::Tool::name);
    return tool != client->tools().end() && tool->is_harmless;
  };
  wires.busy = [this](unsigned in_flight) {
    if (prober_) prober_->in_flight(in_flight);
  };
  return wires;
}

void Instance::perform(const supervisor::ProveReadiness& action) {
  if (is_current(action.of) && prober_) prober_->prove_readiness();
}

void Instance::perform(const supervisor::WatchHealth& action) {
  if (is_current(action.of) && prober_) prober_->watch_health();
}

void Instance::perform(const supervisor::LeaveAlone& action) {
  if (is_current(action.of) && prober_) prober_->leave_alone();
}

// ---- stopping --------------------------------------------------------------------

void Instance::perform(const supervisor::CloseStdin& action) {
  complete_spawn();
  channel_.flush();
  if (is_current(action.of) && process_) process_->close_stdin();
}

void Instance::perform(const supervisor::SignalTree& action) {
  complete_spawn();
  if (!is_current(action.of)) return;
  if (process_) return around_.trees.signal(process_->tree(), action.signal);
  // A remote server has nothing to signal: it is gone when we turn away.
  report(supervisor::Exited{incarnation_, {}, true});
}

void Instance::perform(const supervisor::KillTree& action) {
  complete_spawn();
  if (!is_current(action.of)) return;
  if (process_) return around_.trees.kill(process_->tree());
  report(supervisor::Exited{incarnation_, {}, true});
}

// ---- time and change --------------------------------------------------------------

void Instance::perform(const supervisor::ArmDeadline& action) {
  armed_ = action;
  deadline_.arm(action.at, [this, token = action.token] {
    armed_.reset();
    report(supervisor::DeadlineReached{token});
  });
}

void Instance::perform(const supervisor::DisarmDeadline&) {
  armed_.reset();
  deadline_.disarm();
}

void Instance::reconfigure(config::Server server) {
  log_->reconfigure(server.logs);
  config_ = std::make_shared<config::Server>(std::move(server));
  if (!running_) return channel_.configured(*config_, *config_);
  const auto port = running_->port;
  config::Server wanted = port ? config::with_port(*config_, *port) : *config_;
  // A process that was not told to feed the watchdog is not blamed for its silence.
  const bool cannot_know =
      wanted.liveness.method == config::Liveness::Method::notify && !feeds_watchdog_;
  if (cannot_know) wanted.liveness.method = config::Liveness::Method::none;
  const bool probes_change = !(running_->liveness == wanted.liveness);
  running_->liveness = std::move(wanted.liveness);
  running_->headers = std::move(wanted.headers);
  running_->memory = wanted.memory;
  if (prober_ && probes_change) prober_->reconfigure(running_->liveness);
  channel_.configured(*config_, *running_);
}

void Instance::paused(Duration gap) {
  if (prober_) prober_->paused(gap);
  if (armed_) perform(supervisor::ArmDeadline{armed_->token, armed_->at + gap});
}

}  // namespace mcpctl::runtime
