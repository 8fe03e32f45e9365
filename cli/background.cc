#include "cli/background.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "cli/api_client.h"
#include "loop/fd.h"
#include "loop/system_error.h"
#include "runtime/config_files.h"
#include "runtime/runtime_dir.h"

extern char** environ;

namespace mcpctl::cli {
namespace {

constexpr std::chrono::milliseconds between_looks{10};
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

}  // namespace

Result<Background> Background::fleet(const std::string& name) {
  const auto directory = runtime::RuntimeDir::open();
  if (!directory) return std::unexpected{directory.error()};
  const auto socket = directory->socket_of(name);
  if (!socket) return std::unexpected{socket.error()};
  return Background{*socket, directory->path() + "/" + name + ".log"};
}

bool Background::answers(Duration patience) const {
  const Deadline deadline = in(patience);
  while (!call(socket_, "GET", "/livez", Duration{1'000})) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(between_looks);
  }
  return true;
}

Result<pid_t> Background::start(const std::vector<std::string>& files) const {
  const auto child = start_detached(files, log_);
  if (!child) return std::unexpected{child.error()};
  // No event tells of a door that is not there yet.
  for (const Deadline deadline = in(start_patience); std::chrono::steady_clock::now() < deadline;) {
    if (answers(between_looks)) return *child;
    if (::waitpid(*child, nullptr, WNOHANG) == *child) {
      const auto words = runtime::read_small_file(log_, 1u << 20);
      return failure("the supervisor ended at once:\n" + words.value_or(""));
    }
  }
  return failure("the supervisor does not answer; see " + log_);
}

}  // namespace mcpctl::cli
