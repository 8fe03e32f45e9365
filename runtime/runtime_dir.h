// Where running fleets meet those who command them: one private directory per
// user, in it one socket per fleet.  Decides paths and checks who owns them; never
// listens and never connects for longer than it takes to see that somebody answers.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mcpctl::runtime {

/// What the choice of the directory depends on.
struct Surroundings {
  std::string xdg_runtime_dir;  ///< $XDG_RUNTIME_DIR; empty: unset
  uid_t uid{0};
  bool run_is_writable{false};  ///< a directory can be made in /run, which may have to be made

  static Surroundings of_this_process();
};

/// "$XDG_RUNTIME_DIR/mcpctl"; else "/run/mcpctl" for root, where /run is writable;
/// else "/tmp/mcpctl-<uid>".  Only absolute values of the variable count (XDG Base
/// Directory Specification).
std::string choose_runtime_dir(const Surroundings& surroundings);

/// What stands where a fleet's supervisor listens.
enum class Presence {
  none,       ///< nothing: none has been there, or it has ended in order
  abandoned,  ///< a socket on which nobody accepts: it died
  running
};

/// One user's directory of sockets, mode 0700, checked for links and other owners.
class RuntimeDir {
 public:
  /// Makes it if it is missing; its parent, too, as an empty root file system needs.
  static Result<RuntimeDir> open();
  static Result<RuntimeDir> open_at(std::string path);

  const std::string& path() const { return path_; }

  /// "<dir>/<fleet>.sock".  Fails for a name that is no file name, and for a path
  /// longer than a unix socket takes (107 bytes, unix(7)).
  Result<std::string> socket_of(std::string_view fleet) const;

  /// "<dir>/<fleet>.state", made with mode 0700: what a next start must know.
  Result<std::string> state_dir_of(std::string_view fleet) const;

  /// Of one fleet, whose name socket_of() takes.  Waits, for two seconds at most, for the
  /// end of one that was killed but whose last thread still holds the socket.
  Presence presence_of(std::string_view fleet) const;

  /// Names of the fleets whose sockets answer, sorted.
  std::vector<std::string> running() const;

 private:
  explicit RuntimeDir(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace mcpctl::runtime
