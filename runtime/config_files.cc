#include "runtime/config_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "loop/fd.h"
#include "runtime/user_database.h"

namespace mcpctl::runtime {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes it
  return value == nullptr ? "" : value;
}

std::string home_directory() {
  if (std::string home = environment("HOME"); home.starts_with('/')) return home;
  const auto me = find_user(std::to_string(::geteuid()), "");
  return me && !me->home.empty() ? me->home : "/";
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string cause_of(int error) {
  if (error == ENOENT) return "no such file";
  if (error == EACCES || error == EPERM) return "permission denied";
  return std::generic_category().message(error);
}

config::Problem unreadable(const std::string& path, const std::string& cause) {
  config::Problem problem;
  problem.where = {path, 1, 1};
  problem.message = "cannot read the file: " + cause;
  return problem;
}

}  // namespace

std::string absolute_path(const std::string& path) {
  const bool is_plain = path.starts_with('/') && path.find("/.") == std::string::npos &&
                        path.find("//") == std::string::npos;
  if (is_plain) return path;  // and nothing of <filesystem> is needed for a start
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

std::vector<std::string> usual_places() {
  std::string config_home = environment("XDG_CONFIG_HOME");
  if (!config_home.starts_with('/')) config_home = home_directory() + "/.config";
  return {absolute_path("mcp.json"), absolute_path(".mcp.json"), absolute_path(".vscode/mcp.json"),
          config_home + "/mcpctl/mcp.json"};
}

Result<ConfigFiles> ConfigFiles::locate(const std::vector<std::string>& named) {
  if (!named.empty()) {
    std::vector<std::string> paths;
    for (const std::string& path : named) {
      if (!exists(path)) {
        return failure("cannot find the configuration " + path + ": no such file");
      }
      paths.push_back(absolute_path(path));
    }
    return ConfigFiles{std::move(paths)};
  }
  const std::vector<std::string> places = usual_places();
  std::string looked_at;
  for (const std::string& place : places) {
    if (exists(place)) return ConfigFiles{{place}};
    looked_at += (looked_at.empty() ? "" : ", ") + place;
  }
  return failure("cannot find a configuration: none of " + looked_at +
                 " exists; name one with -c FILE");
}

config::Reading ConfigFiles::load() const {
  std::vector<config::Source> sources;
  std::vector<config::Problem> unread;
  for (const std::string& path : paths_) {
    auto text = read_small_file(path, max_config_bytes);
    if (text) {
      sources.push_back({path, std::move(*text)});
    } else {
      unread.push_back(unreadable(path, text.error().message));
    }
  }
  config::Reading reading = config::read(sources, this_machine());
  reading.problems.insert(reading.problems.begin(), unread.begin(), unread.end());
  return reading;
}

Result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  // Non-blocking, so that opening a FIFO returns; regular files do not care.
  const loop::Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!file) return failure(cause_of(errno));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failure(cause_of(errno));
  if (!S_ISREG(status.st_mode)) return failure("not a regular file");
  std::string text;
  for (;;) {
    char buffer[16 * 1024];
    const ssize_t length = ::read(file.get(), buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return failure(cause_of(errno));
    if (length == 0) return text;
    text.append(buffer, static_cast<std::size_t>(length));
    if (text.size() > limit) {
      return failure("larger than " + std::to_string(limit >> 20) + " MiB");
    }
  }
}

config::World this_machine() {
  config::World world;
  world.environment = [](std::string_view name) -> std::optional<std::string> {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment
    const char* value = std::getenv(std::string{name}.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  world.read_file = [](const std::string& path) { return read_small_file(path, max_config_bytes); };
  world.find_user = find_user;
  world.home = home_directory();
  return world;
}

}  // namespace mcpctl::runtime
