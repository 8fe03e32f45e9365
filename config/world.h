// What reading a configuration asks of the machine.  The caller answers, so that
// the reader itself stays pure: the same files and answers give the same Config.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace mcpctl::config {

struct World {
  /// The value of an environment variable; nothing when it is unset.
  std::function<std::optional<std::string>(std::string_view name)> environment;
  /// The bytes of a file (an envFile); the error is only the cause: "no such file".
  std::function<Result<std::string>(const std::string& path)> read_file;
  /// Names or numbers to identity.  An empty group means the user's own.
  std::function<Result<Identity>(const std::string& user, const std::string& group)> find_user;
  std::string home;  ///< absolute; for ~/ and ${userHome}
};

}  // namespace mcpctl::config
