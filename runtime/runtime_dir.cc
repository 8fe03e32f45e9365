#include "runtime/runtime_dir.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "loop/address.h"
#include "loop/connector.h"
#include "loop/socket_lock.h"
#include "spawn/proc.h"

namespace mcpctl::runtime {
namespace {

constexpr std::string_view socket_suffix = ".sock";
/// What the last threads of a killed supervisor may take to end on a busy machine.
constexpr std::chrono::milliseconds last_threads{2'000};
constexpr std::chrono::milliseconds between_looks{5};

/// A fleet's name becomes a file name; "/" or a leading dot would leave the directory.
bool is_file_name(std::string_view fleet) {
  if (fleet.empty() || fleet.front() == '.') return false;
  return std::ranges::none_of(
      fleet, [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// The process that listens there, 0 if it cannot be seen from here; nothing: nobody does.
std::optional<pid_t> listener_at(const std::string& socket) {
  const auto address = loop::Address::unix_path(socket);
  if (!address) return std::nullopt;
  const auto connection = loop::connect_unix(*address);
  if (!connection) return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(connection->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer.pid;
}

/// It was killed, and some thread of it still keeps its descriptors open.
bool is_dying(pid_t process) {
  spawn::ProcessStat stat;
  if (process == 0) return false;
  return !spawn::read_stat(spawn::open_proc().get(), process, stat) || stat.state == 'Z' ||
         stat.state == 'X';
}

}  // namespace

Surroundings Surroundings::of_this_process() {
  Surroundings here;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment
  if (const char* value = std::getenv("XDG_RUNTIME_DIR")) here.xdg_runtime_dir = value;
  here.uid = ::geteuid();
  const bool is_missing = ::access("/run", F_OK) != 0 && errno == ENOENT;
  here.run_is_writable = ::access(is_missing ? "/" : "/run", W_OK) == 0;
  return here;
}

std::string choose_runtime_dir(const Surroundings& surroundings) {
  const std::string& xdg = surroundings.xdg_runtime_dir;
  if (!xdg.empty() && xdg.front() == '/') {
    const std::size_t end = xdg.find_last_not_of('/');
    return xdg.substr(0, end == std::string::npos ? 0 : end + 1) + "/mcpctl";
  }
  if (surroundings.uid == 0 && surroundings.run_is_writable) return "/run/mcpctl";
  return "/tmp/mcpctl-" + std::to_string(surroundings.uid);
}

Result<RuntimeDir> RuntimeDir::open() {
  std::string path = choose_runtime_dir(Surroundings::of_this_process());
  ::mkdir(path.substr(0, path.rfind('/')).c_str(), 0755);  // is there, or open_at() complains
  return open_at(std::move(path));
}

Result<RuntimeDir> RuntimeDir::open_at(std::string path) {
  if (auto made = loop::make_private_directory(path); !made) {
    return failure(std::move(made.error().message));
  }
  return RuntimeDir{std::move(path)};
}

Result<std::string> RuntimeDir::socket_of(std::string_view fleet) const {
  if (!is_file_name(fleet)) {
    return failure("cannot use \"" + std::string{fleet} +
                   "\" as the name of a fleet: it must be "
                   "a file name that does not start with a dot");
  }
  std::string path = path_ + "/" + std::string{fleet} + std::string{socket_suffix};
  if (const auto address = loop::Address::unix_path(path); !address) {
    return failure(address.error().message +
                   "; choose a shorter \"name\" in \"x-mcpctl\" or another XDG_RUNTIME_DIR");
  }
  return path;
}

Result<std::string> RuntimeDir::state_dir_of(std::string_view fleet) const {
  if (const auto socket = socket_of(fleet); !socket) return failure(socket.error().message);
  std::string path = path_ + "/" + std::string{fleet} + ".state";
  if (auto made = loop::make_private_directory(path); !made) {
    return failure(std::move(made.error().message));
  }
  return path;
}

Presence RuntimeDir::presence_of(std::string_view fleet) const {
  const auto socket = socket_of(fleet);
  if (!socket || ::access(socket->c_str(), F_OK) != 0) return Presence::none;
  const auto deadline = std::chrono::steady_clock::now() + last_threads;
  while (const auto listener = listener_at(*socket)) {
    const bool may_go = is_dying(*listener) && std::chrono::steady_clock::now() < deadline;
    if (!may_go) return Presence::running;
    std::this_thread::sleep_for(between_looks);
  }
  return Presence::abandoned;
}

std::vector<std::string> RuntimeDir::running() const {
  std::vector<std::string> fleets;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory{::opendir(path_.c_str()), &::closedir};
  if (!directory) return fleets;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (!name.ends_with(socket_suffix)) continue;
    const std::string_view fleet = name.substr(0, name.size() - socket_suffix.size());
    if (is_file_name(fleet) && listener_at(path_ + "/" + std::string{name}))
      fleets.emplace_back(fleet);
  }
  std::ranges::sort(fleets);
  return fleets;
}

}  // namespace mcpctl::runtime
