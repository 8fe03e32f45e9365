// mcpctl up: a fleet in the background.
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/file_arguments.h"
#include "cli/outcome.h"
#include "config/duration.h"
#include "loop/fd.h"
#include "loop/system_error.h"
#include "runtime/config_files.h"
#include "runtime/runtime_dir.h"

extern char** environ;

namespace mcpctl::cli {
namespace {

/// From the start of the process to its open door.
constexpr Duration start_patience{10'000};

/// `mcpctl run` in a session of its own, its words in a file beside the socket.
Result<pid_t> start_detached(const std::vector<std::string>& files, const std::string& log) {
  const loop::Fd output{
      ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!output) return loop::system_failure("cannot open the log " + log, errno);

  std::vector<std::string> words{"mcpctl", "run"};
  for (const std::string& file : files) {
    words.push_back("-c");
    words.push_back(file);
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  // What servers write is in their own logs, which are bounded; this file is not.
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDERR_FILENO);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return loop::system_failure("cannot start the supervisor", error);
  return child;
}

class Up final : public Command {
 public:
  std::string_view name() const override { return "up"; }
  std::string_view summary() const override { return "Run a fleet in the background"; }

  void declare(CLI::App& app) override {
    files_.declare(app);
    app.add_flag("-d,--detach", detach_, "Understood for compatibility: up always detaches");
    app.add_flag("--no-wait", no_wait_, "Return when the supervisor answers");
    app.add_option("--timeout", timeout_, "How long to wait for all servers to be ready")
        ->type_name("DURATION")
        ->capture_default_str();
    app.footer(
        "Waits until every required server is ready.  A running fleet is reloaded; a\n"
        "new process that does not become ready is status 1, and the old one serves on.\n\n"
        "Example: mcpctl up mcp.json && mcpctl ps");
  }

  int run() override {
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto found = runtime::ConfigFiles::locate(files_.all());
    if (!found) return complain(found.error().message, exit_config);
    const config::Reading reading = found->load();
    if (reading.has_errors()) {
      for (const config::Problem& problem : reading.problems) print(config::render(problem));
      return complain("the configuration has errors; nothing was started", exit_config);
    }
    const auto directory = runtime::RuntimeDir::open();
    if (!directory) return complain(directory.error().message, exit_failed);
    const auto socket = directory->socket_of(reading.config.name);
    if (!socket) return complain(socket.error().message, exit_failed);

    const bool is_running = ApiCall::send(*socket, "GET", "/livez").has_value();
    const auto begun = is_running ? reload(*socket)
                                  : start(found->paths(), reading.config.name, *directory, *socket);
    if (!begun) return complain(begun.error().message, exit_failed);
    if (no_wait_) return exit_ok;
    const Deadline deadline = in(*timeout);
    for (const Destination next : {Destination::replaced, Destination::ready}) {
      const int outcome = await_all(*socket, {{}, next, {}, true}, deadline);
      if (outcome != exit_ok) return outcome;
    }
    return exit_ok;
  }

 private:
  static Result<void> reload(const std::string& socket) {
    const auto done = call(socket, "POST", "/api/v1/reload", Duration{30'000});
    if (!done) return std::unexpected{done.error()};
    return {};
  }

  static Result<void> start(const std::vector<std::string>& files, const std::string& fleet,
                            const runtime::RuntimeDir& directory, const std::string& socket) {
    const std::string log = directory.path() + "/" + fleet + ".log";
    const auto child = start_detached(files, log);
    if (!child) return std::unexpected{child.error()};
    // No event tells of a door that is not there yet.
    for (const Deadline deadline = in(start_patience); std::chrono::steady_clock::now() < deadline;
         std::this_thread::sleep_for(std::chrono::milliseconds{10})) {
      if (call(socket, "GET", "/livez", Duration{1'000})) {
        print("fleet " + fleet + " runs as process " + std::to_string(*child) +
              "; its log: " + log + "\n");
        return {};
      }
      if (::waitpid(*child, nullptr, WNOHANG) == *child) {
        const auto words = runtime::read_small_file(log, 1u << 20);
        return failure("the supervisor ended at once:\n" + words.value_or(""));
      }
    }
    return failure("the supervisor does not answer; see " + log);
  }

  static int await_all(const std::string& socket, const Journey& journey, Deadline deadline) {
    auto events = follow_events(socket);
    if (!events) return complain(events.error().message, exit_failed);
    const auto arrival = await(socket, *events, journey, deadline);
    if (!arrival) return complain(arrival.error().message, exit_failed);
    if (arrival->ok()) return exit_ok;
    const std::string text = explain(*arrival, "up");
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    return exit_failed;
  }

  FileArguments files_;
  std::string timeout_{"5m"};
  bool detach_{false};
  bool no_wait_{false};
};

}  // namespace

std::unique_ptr<Command> make_up() { return std::make_unique<Up>(); }

}  // namespace mcpctl::cli
