// The checks that a configuration calls for: will its servers start on this machine?
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>

#include "cli/examination.h"
#include "cli/port_holder.h"
#include "cli/quantities.h"
#include "loop/address.h"
#include "loop/fd.h"
#include "spawn/command.h"
#include "spawn/environment.h"
#include "spawn/interpreter.h"

extern char** environ;

namespace mcpctl::cli {
namespace {

namespace fs = std::filesystem;

/// As the runtime spawns, without a PATH anywhere.
constexpr std::string_view fallback_path = "/usr/local/bin:/usr/bin:/bin";

/// The oldest node that the MCP SDK runs on, and the oldest that is still cared for.
constexpr int oldest_node = 18;
constexpr int maintained_node = 20;

constexpr std::uint64_t scarce_bytes = 64u << 20;

bool is_ours_to_spawn(const config::Server& server) {
  return server.transport != config::Transport::remote;
}

std::vector<std::string> environment_of(const config::Server& server) {
  spawn::EnvironmentSpec spec;
  spec.configured = &server.env;
  spec.inherit = &server.inherit_env;
  spec.identity = server.user ? &*server.user : nullptr;
  return spawn::build_environment(spec, environ);
}

std::string path_of(const std::vector<std::string>& environment) {
  const std::string_view path = spawn::value_in(environment, "PATH");
  return std::string{path.empty() ? fallback_path : path};
}

Result<std::string> command_of(const config::Server& server) {
  return spawn::resolve_command(server.command, path_of(environment_of(server)), server.cwd);
}

// ---- the files themselves ------------------------------------------------------------

void check_configuration(const Subject& subject, Notes& notes) {
  if (!subject.no_config.empty()) {
    return notes.problem("", subject.no_config, "name the file: mcpctl doctor FILE");
  }
  for (const config::Problem& problem : subject.reading.problems) {
    const std::string where = problem.where.file + ":" + std::to_string(problem.where.line) + ": ";
    const bool is_error = problem.severity == config::Problem::Severity::error;
    const std::string advice = "mcpctl check shows the place" +
                               (problem.suggestion.empty() ? "" : "; " + problem.suggestion);
    is_error ? notes.problem("", where + problem.message, advice)
             : notes.warning("", where + problem.message, advice);
  }
  for (const config::Unusable& unusable : subject.reading.config.unusable) {
    notes.problem(unusable.server, unusable.why,
                  "set it in mcpctl's environment or in \"env\"; the others can run without");
  }
  if (notes.is_clean()) {
    notes.ok(subject.files.front() + ": " +
             counted(std::ssize(subject.reading.config.servers), "server") + ", fleet " +
             subject.reading.config.name);
  }
}

// ---- programs ------------------------------------------------------------------------

void check_commands(const Subject& subject, Notes& notes) {
  std::ptrdiff_t found = 0;
  for (const config::Server& server : subject.reading.config.servers) {
    if (!is_ours_to_spawn(server)) continue;
    const auto file = command_of(server);
    if (!file) {
      notes.problem(server.name, file.error().message,
                    "install it, or write its whole path, or add its folder to PATH in \"env\"");
      continue;
    }
    const std::string interpreter = spawn::interpreter_of(*file);
    if (!interpreter.empty() && ::access(interpreter.c_str(), X_OK) != 0) {
      notes.problem(server.name, *file + " needs " + interpreter + ", which is not there",
                    "install it, or the build of the program for this system");
      continue;
    }
    ++found;
  }
  if (notes.is_clean() && found > 0) notes.ok(counted(found, "program") + " found");
}

void check_folders(const Subject& subject, Notes& notes) {
  for (const config::Server& server : subject.reading.config.servers) {
    if (!is_ours_to_spawn(server)) continue;
    std::error_code error;
    if (!fs::is_directory(server.cwd, error)) {
      notes.problem(server.name, "its working folder " + server.cwd + " is not there",
                    "make it, or correct \"cwd\"");
    } else if (::access(server.cwd.c_str(), X_OK) != 0) {
      notes.problem(server.name, "its working folder " + server.cwd + " may not be entered",
                    "see its permissions, or correct \"cwd\" or \"user\"");
    }
  }
}

/// The first line that a program writes within two seconds; empty if it fails.
std::string first_line_of(const std::string& file, const std::vector<std::string>& words,
                          const std::vector<std::string>& environment) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "";
  loop::Fd reader{ends[0]};
  loop::Fd writer{ends[1]};
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, file.c_str(), &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  writer.reset();
  if (error != 0) return "";
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{2};
  while (text.size() < 4096) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{reader.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
    char bytes[256];
    const ssize_t length = ::read(reader.get(), bytes, sizeof bytes);
    if (length <= 0) break;
    text.append(bytes, static_cast<std::size_t>(length));
  }
  ::kill(child, SIGKILL);  // a zombie by now, or it hangs
  ::waitpid(child, nullptr, 0);
  return text.substr(0, text.find('\n'));
}

bool runs_on_node(const config::Server& server) {
  constexpr std::array<std::string_view, 5> programs{"node", "npx", "npm", "pnpm", "yarn"};
  const std::string program = fs::path{server.command}.filename().string();
  return std::ranges::find(programs, program) != programs.end();
}

/// Major version of "v22.1.0"; 0 if it is none.
int major_version(std::string_view text) {
  if (!text.starts_with('v')) return 0;
  int version = 0;
  std::from_chars(text.data() + 1, text.data() + text.size(), version);
  return version;
}

void check_node(const Subject& subject, Notes& notes) {
  std::set<std::string> seen;
  for (const config::Server& server : subject.reading.config.servers) {
    if (!is_ours_to_spawn(server) || !runs_on_node(server)) continue;
    const auto environment = environment_of(server);
    const auto node = spawn::resolve_command("node", path_of(environment), server.cwd);
    if (!node) {
      notes.problem(server.name, node.error().message,
                    "install node " + std::to_string(maintained_node) + " or newer");
      continue;
    }
    if (!seen.insert(*node).second) continue;
    const std::string version = first_line_of(*node, {"node", "--version"}, environment);
    const int major = major_version(version);
    const std::string fact = *node + " is " + (version.empty() ? "of no known version" : version);
    if (major < oldest_node) {
      notes.problem(server.name, fact + "; MCP servers need " + std::to_string(oldest_node),
                    "install node " + std::to_string(maintained_node) + " or newer");
    } else if (major < maintained_node) {
      notes.warning(server.name, fact + ", which is maintained no longer",
                    "install node " + std::to_string(maintained_node) + " or newer");
    } else {
      notes.ok(fact);
    }
  }
}

bool is_in_npx_cache(const std::string& cache, const std::string& package) {
  std::error_code error;
  for (fs::directory_iterator entry{cache + "/_npx", error}, end; !error && entry != end;
       entry.increment(error)) {
    std::error_code missing;
    if (fs::exists(entry->path() / "node_modules" / package / "package.json", missing)) return true;
  }
  return false;
}

void check_npx(const Subject& subject, Notes& notes) {
  std::ptrdiff_t warm = 0;
  for (const config::Server& server : subject.reading.config.servers) {
    if (!is_ours_to_spawn(server) || fs::path{server.command}.filename() != "npx") continue;
    const std::string package = npx_package(server.args);
    if (package.empty()) continue;
    const auto environment = environment_of(server);
    std::string cache{spawn::value_in(environment, "npm_config_cache")};
    if (cache.empty()) cache = std::string{spawn::value_in(environment, "HOME")} + "/.npm";
    std::error_code missing;
    const bool is_local =
        fs::exists(fs::path{server.cwd} / "node_modules" / package / "package.json", missing);
    if (is_local || is_in_npx_cache(cache, package)) {
      ++warm;
    } else {
      notes.warning(server.name,
                    package + " is not in npx's cache (" + cache +
                        "): its first start downloads it, which takes long and needs the network",
                    "npm install it in " + server.cwd + ", or raise readiness.timeoutMax");
    }
  }
  if (warm > 0) notes.ok(counted(warm, "package") + " in npx's cache");
}

// ---- ports and disks -----------------------------------------------------------------

bool is_free(std::uint16_t port) {
  const auto address = loop::Address::ip("127.0.0.1", port);
  const loop::Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return ::bind(socket.get(), address->raw(), address->size()) == 0 || errno != EADDRINUSE;
}

void check_ports(const Subject& subject, Notes& notes) {
  std::map<std::uint16_t, std::string> wanted;
  for (const config::Server& server : subject.reading.config.servers) {
    if (!is_ours_to_spawn(server) || !server.port || *server.port == 0) continue;
    const auto [other, is_new] = wanted.emplace(*server.port, server.name);
    if (is_new) continue;
    notes.problem(server.name,
                  "port " + std::to_string(*server.port) + " is " + other->second + "'s, too",
                  "write ${PORT} in its url and arguments, and each gets a free one");
  }
  if (subject.is_running) {
    if (!wanted.empty()) notes.ok("the fleet is running and has its ports");
    return;
  }
  for (const auto& [port, server] : wanted) {
    if (is_free(port)) continue;
    const std::string holder = port_holder(port);
    notes.problem(
        server,
        "port " + std::to_string(port) + " is taken" + (holder.empty() ? "" : " by " + holder),
        "end that process, or write ${PORT} in the url, and it gets a free one");
  }
  if (notes.is_clean() && !wanted.empty()) notes.ok(counted(std::ssize(wanted), "port") + " free");
}

/// The folder itself, or the one above in which it would have to be made.
std::string existing_part(fs::path folder) {
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder.string();
}

void check_logs(const Subject& subject, Notes& notes) {
  struct Need {
    std::string server;
    std::uint64_t bytes{0};
  };
  std::map<std::string, Need> folders;
  for (const config::Server& server : subject.reading.config.servers) {
    if (server.logs.dir.empty()) continue;
    Need& need = folders[server.logs.dir];
    if (need.server.empty()) need.server = server.name;
    need.bytes += server.logs.max_size * (server.logs.keep + 1);
  }
  for (const auto& [folder, need] : folders) {
    const std::string place = existing_part(folder);
    if (::access(place.c_str(), W_OK | X_OK) != 0) {
      notes.problem(need.server,
                    "logs cannot be written to " + folder + ": " + place + " is not writable",
                    "see its permissions, or correct logs.dir");
      continue;
    }
    struct statvfs disk{};
    if (::statvfs(place.c_str(), &disk) != 0) continue;
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    const std::string fact =
        folder + " has " + short_bytes(free) + " left; logs take up to " + short_bytes(need.bytes);
    if (free < scarce_bytes) {
      notes.problem(need.server, fact, "make room: logs would be lost, though no server stops");
    } else if (free < need.bytes) {
      notes.warning(need.server, fact, "make room, or lower logs.maxSize and logs.keep");
    } else {
      notes.ok(fact);
    }
  }
}

constexpr std::array all_config_checks{
    Check{"configuration", check_configuration},
    Check{"commands", check_commands},
    Check{"folders", check_folders},
    Check{"node", check_node},
    Check{"npx", check_npx},
    Check{"ports", check_ports},
    Check{"logs", check_logs},
};

}  // namespace

std::span<const Check> config_checks() { return all_config_checks; }

std::string package_name(std::string_view argument) {
  const bool is_path = argument.starts_with('.') || argument.starts_with('/') ||
                       argument.find(':') != std::string_view::npos;
  if (argument.empty() || is_path) return "";
  const std::size_t version = argument.find('@', 1);
  return std::string{argument.substr(0, version)};
}

std::string npx_package(std::span<const std::string> args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "-p" || args[i] == "--package") {
      return i + 1 < args.size() ? package_name(args[i + 1]) : "";
    }
    if (args[i].starts_with("--package=")) return package_name(args[i].substr(10));
    if (!args[i].starts_with('-')) return package_name(args[i]);
  }
  return "";
}

}  // namespace mcpctl::cli
