#include "loop/socket_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "loop/system_error.h"

namespace mcpctl::loop {

namespace {

bool is_named(const Fd& file, const std::string& path) noexcept {
  struct stat ours{}, named{};
  return ::fstat(file.get(), &ours) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

}  // namespace

Result<SocketLock> SocketLock::acquire(const std::string& socket_path) {
  const std::string path = socket_path + ".lock";
  while (true) {
    Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return system_failure("cannot open the lock file " + path, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return failure("cannot listen on " + socket_path + ": another process holds " + path);
      }
      return system_failure("cannot lock " + path, errno);
    }
    // Whoever held it before may have removed the file between our open and flock.
    if (is_named(file, path)) return SocketLock{path, std::move(file)};
  }
}

bool SocketLock::is_intact() const noexcept { return is_named(file_, path_); }

SocketLock::SocketLock(std::string path, Fd file)
    : path_(std::move(path)), file_(std::move(file)) {}

SocketLock::~SocketLock() {
  if (file_ && is_intact()) ::unlink(path_.c_str());
}

Result<void> make_private_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_failure("cannot make the directory " + directory, errno);
  }
  struct stat found{};
  if (::lstat(directory.c_str(), &found) != 0) {
    return system_failure("cannot look at the directory " + directory, errno);
  }
  const std::string refusal = "cannot trust the directory " + directory + ": ";
  if (S_ISLNK(found.st_mode)) return failure(refusal + "it is a symbolic link");
  if (!S_ISDIR(found.st_mode)) return failure(refusal + "it is not a directory");
  if (found.st_uid != ::geteuid()) {
    return failure(refusal + "it belongs to user " + std::to_string(found.st_uid));
  }
  if ((found.st_mode & 022) != 0) return failure(refusal + "others may write to it");
  return {};
}

}  // namespace mcpctl::loop
