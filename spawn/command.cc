#include "spawn/command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mcpctl::spawn {
namespace {

std::string below(std::string_view directory, std::string_view name) {
  std::string path{directory};
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path += name;
}

std::string absolute(std::string_view path, std::string_view cwd) {
  if (path.starts_with('/') || cwd.empty()) return std::string(path);
  return below(cwd, path);
}

/// 0, or the errno that exec would give for sure.
int obstacle(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

bool is_absence(int error) { return error == ENOENT || error == ENOTDIR; }

std::unexpected<NoProgram> not_found(std::string message) {
  return std::unexpected{NoProgram{{std::move(message)}, 127}};
}

std::unexpected<NoProgram> unusable(const std::string& path, int error) {
  return std::unexpected{NoProgram{
      {path + ": " + std::strerror(error)}, is_absence(error) ? 127 : 126, mends_itself(error)}};
}

}  // namespace

bool mends_itself(int error) noexcept {
  switch (error) {
    case EAGAIN:  // RLIMIT_NPROC, pids.max
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETXTBSY:  // the binary is being written
    case EINTR:
    case EBUSY:   // the control group
    case ESTALE:  // a network file system
    case EIO:     // a disk, or the same
      return true;
    default: return false;
  }
}

std::expected<std::string, NoProgram> resolve_command(std::string_view name,
                                                      std::string_view path_variable,
                                                      std::string_view cwd) {
  if (name.empty()) return not_found("the command is empty");
  if (name.find('/') != std::string_view::npos) {
    std::string path = absolute(name, cwd);
    if (const int error = obstacle(path); error != 0) return unusable(path, error);
    return path;
  }

  std::string refused;  // found, but not to be executed
  int refusal = 0;
  for (std::string_view rest = path_variable;;) {
    const auto colon = rest.find(':');
    std::string path = below(absolute(rest.substr(0, colon), cwd), name);
    const int error = obstacle(path);
    if (error == 0) return path;
    if (!is_absence(error) && refusal == 0) {
      refused = std::move(path);
      refusal = error;
    }
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (refusal != 0) return unusable(refused, refusal);
  return not_found(std::string(name) + " not found in PATH=" + std::string(path_variable));
}

}  // namespace mcpctl::spawn
