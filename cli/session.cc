#include "cli/session.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "cli/clients_door.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/exit_watch.h"
#include "cli/foreground.h"
#include "cli/service_status.h"
#include "cli/shutdown.h"
#include "cli/terminal.h"
#include "control/door.h"
#include "control/json.h"
#include "loop/fd.h"
#include "loop/file_watch.h"
#include "loop/signal.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "runtime/supervisor.h"
#include "signals/warden.h"

namespace mcpctl::cli {
namespace {

/// docker stop sends SIGKILL after ten seconds; as PID 1 we want to be done by then.
constexpr Duration as_init{8'000};
constexpr Duration in_foreground{10'000};
/// A storm of SIGHUP is one reload.
constexpr Duration hangup_settling{100};
constexpr Duration for_last_lines{500};
/// For the first servers to leave our memory by their exec.
constexpr Duration first_rush{50};

/// A large message goes through buffers of its size: to take each of their pages anew
/// from the kernel costs more than all that is done with it.  So the heap keeps a little,
/// and it is the only one: what a thread of the pool frees in one of its own would stay.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kept = 4 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kept);
  ::mallopt(M_TRIM_THRESHOLD, kept);
  ::mallopt(M_ARENA_MAX, 1);
#endif
}

bool has_terminal() {
  return static_cast<bool>(loop::Fd{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)});
}

class Session {
 public:
  Session(config::Config config, SessionOptions options);
  int run();

 private:
  void say_what_runs();
  Result<void> open_door();
  Result<void> watch_signals();
  void handle(int signal);
  void end_by_rule(const supervisor::Verdict& verdict);
  void watch_config();
  void reload();
  void dump_states();
  std::string loop_metrics() const;

  loop::Loop loop_;
  SessionOptions options_;
  Output out_;
  Output err_;
  Log log_;
  bool had_terminal_{has_terminal()};
  config::Config config_;
  std::unique_ptr<control::Door> door_;
  std::unique_ptr<runtime::Supervisor> supervisor_;
  std::optional<ClientsDoor> clients_;
  std::optional<Foreground> foreground_;
  std::optional<ServiceStatus> service_;
  std::optional<Shutdown> shutdown_;
  std::optional<ExitWatch> exit_watch_;
  int exit_code_{exit_ok};
  std::vector<loop::SignalWatch> watches_;
  std::vector<loop::FileWatch> config_watches_;
  loop::Timer reload_timer_;
  Duration longest_turn_{0};
};

Session::Session(config::Config config, SessionOptions options)
    : options_(std::move(options)),
      out_(loop_, STDOUT_FILENO),
      err_(loop_, STDERR_FILENO),
      log_(err_, options_.style, Terminal::of(STDERR_FILENO, options_.no_color).color),
      config_(std::move(config)),
      reload_timer_(loop_) {}

int Session::run() {
  const auto fail = [this](const Error& error) {
    log_.error(error.message);
    err_.flush(for_last_lines);
    return exit_failed;
  };
  keep_freed_memory();
  // The door first: whoever holds it is the fleet's supervisor, and only that one may
  // clean up what an earlier one left behind.
  if (const auto opened = open_door(); !opened) return fail(opened.error());
  if (const auto watched = watch_signals(); !watched) return fail(watched.error());

  runtime::Options options;
  options.state_dir = options_.state_dir;
  options.predecessor_died = options_.predecessor_died;
  options.on_cleaned_up = [this](const std::string& what) { log_.warning(what); };
  options.descriptor_limit = options_.descriptor_limit;
  options.warden = ::getppid();
  options.shutdown_timeout = ::getppid() == 1 ? as_init : in_foreground;
  options.load = options_.load;
  options.watch_files = options_.watch;
  options.on_stopped = [this] { loop_.stop(); };
  options.relays = !config_.gateway.listen.empty();
  supervisor_ = std::make_unique<runtime::Supervisor>(loop_, std::move(config_), options);
  shutdown_.emplace(loop_, *supervisor_, log_);
  foreground_.emplace(loop_, *supervisor_, out_, options_.style,
                      Terminal::of(STDOUT_FILENO, options_.no_color).color);
  service_.emplace(loop_, *supervisor_);
  door_->serve(*supervisor_);

  exit_watch_.emplace(loop_, *supervisor_, options_.exit_rule,
                      [this](const supervisor::Verdict& verdict) { end_by_rule(verdict); });
  if (options_.watch) watch_config();
  supervisor_->start(options_.only);
  say_what_runs();
  clients_.emplace(loop_, *supervisor_, log_, options_.state_dir);
  // The threads that write files: not before, for their stacks would hold up who still shares
  // our memory, and not with the first file that is written, which has no time to wait.
  loop::Work threads;
  loop::Timer rush{loop_};
  rush.arm(first_rush, [&] { threads = loop::start_work(loop_, [] {}, [] {}); });
  loop_.on_turn([this](Duration busy) { longest_turn_ = std::max(longest_turn_, busy); });
  loop_.run();
  loop::hold_signals_until_exit();

  clients_->leave();
  door_->leave();
  foreground_->catch_up();
  log_.info("stopped");
  out_.flush(for_last_lines);
  err_.flush(for_last_lines);
  return shutdown_->was_forced() && exit_code_ == exit_ok ? exit_failed : exit_code_;
}

/// When the first servers are on their way: what the fleet shows of them, the loop brings
/// later.
void Session::say_what_runs() {
  const config::Config& running = supervisor_->config();
  log_.info("fleet " + running.name + ": " + std::to_string(running.servers.size()) +
            " servers from " + (running.files.empty() ? "nowhere" : running.files.front()));
  if (door_->probes()) log_.info("health and metrics on http://" + door_->probes()->text());
}

Result<void> Session::open_door() {
  control::DoorOptions options;
  options.socket = options_.socket;
  options.probes = options_.probes;
  options.on_shutdown = [this] { shutdown_->begin("requested through the door"); };
  options.on_trouble = [this](std::string_view what) { log_.warning(what); };
  options.more_metrics = [this] {
    return loop_metrics() + (clients_ ? clients_->metrics() : std::string{});
  };
  options.clients = [this] { return clients_ ? clients_->clients() : runtime::Clients{}; };
  auto door = control::Door::open(loop_, std::move(options));
  if (!door) return std::unexpected{door.error()};
  door_ = std::move(*door);
  return {};
}

Result<void> Session::watch_signals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGWINCH,
                           signals::warden_death_signal()}) {
    auto watch = loop::SignalWatch::open(loop_, number, [this](int signal) { handle(signal); });
    if (!watch) return std::unexpected{watch.error()};
    watches_.push_back(std::move(*watch));
  }
  return {};
}

void Session::handle(int signal) {
  if (!supervisor_) return;
  if (signal == signals::warden_death_signal()) {
    shutdown_->abandon("the warden died");
    return;
  }
  switch (signal) {
    case SIGTERM: shutdown_->request("SIGTERM"); break;
    case SIGINT: shutdown_->request("Ctrl-C"); break;
    case SIGHUP:
      if (had_terminal_ && !has_terminal()) {
        had_terminal_ = false;
        shutdown_->begin("the terminal is gone");
      } else {
        reload_timer_.arm(hangup_settling, [this] { reload(); });
      }
      break;
    case SIGUSR1: supervisor_->reopen_logs(); break;
    case SIGQUIT: dump_states(); break;
    default: break;
  }
}

void Session::end_by_rule(const supervisor::Verdict& verdict) {
  exit_code_ = verdict.exit_code;
  shutdown_->begin(verdict.reason);
}

void Session::watch_config() {
  for (const std::string& file : supervisor_->config().files) {
    auto watch = loop::FileWatch::open(loop_, file, [this, file] {
      log_.info(file + " changed");
      reload();
    });
    if (watch) {
      config_watches_.push_back(std::move(*watch));
    } else {
      log_.warning(watch.error().message);
    }
  }
}

void Session::reload() {
  if (supervisor_->is_stopping()) return;
  const runtime::ReloadOutcome outcome = supervisor_->reload(false);
  for (const config::Problem& problem : outcome.problems) {
    const std::string text = config::render(problem);
    if (problem.severity == config::Problem::Severity::error) {
      log_.error(text);
    } else {
      log_.warning(text);
    }
  }
  if (!outcome.applied) {
    log_.error("configuration not reloaded; the old one stays in force");
    return;
  }
  std::string changes;
  for (const supervisor::Change& change : outcome.plan) {
    changes += (changes.empty() ? ": " : ", ") + std::string{supervisor::name(change.kind)} + " " +
               change.server;
  }
  log_.info("configuration reloaded" + (changes.empty() ? ": nothing changed" : changes));
}

void Session::dump_states() {
  for (const runtime::ServerStatus& server : supervisor_->status(true).servers) {
    log_.info("server=" + server.name + " state=" + std::string{supervisor::name(server.state)} +
              " goal=" + std::string{supervisor::name(server.goal)} +
              " pid=" + std::to_string(server.pid.value_or(0)) + " restarts=" +
              std::to_string(server.restarts) + " memory=" + std::to_string(server.memory_bytes) +
              " why=" + control::quoted(server.why_text));
  }
}

/// How long everybody else ever waited for one go of the loop.
std::string Session::loop_metrics() const {
  const std::string name = "mcpctl_loop_turn_seconds_max";
  const double seconds = std::chrono::duration<double>{longest_turn_}.count();
  return "# HELP " + name + " Longest time that the event loop was busy in one go.\n# TYPE " +
         name + " gauge\n" + name + ' ' + std::to_string(seconds) + '\n';
}

}  // namespace

int run_session(config::Config config, SessionOptions options) {
  return Session{std::move(config), std::move(options)}.run();
}

}  // namespace mcpctl::cli
