// Finds the user's mcp.json files, reads them with their surroundings, and can do so
// again for a reload.  Impure on purpose: it is what answers config::World.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "config/reader.h"
#include "config/world.h"

namespace mcpctl::runtime {

/// A configuration beyond this is a mistake, not a fleet.
inline constexpr std::size_t max_config_bytes = 16u << 20;

class ConfigFiles {
 public:
  /// `named` are the user's choice (`-c`, merged in order), else the first that exists
  /// of ./mcp.json, ./.mcp.json, ./.vscode/mcp.json and
  /// $XDG_CONFIG_HOME/mcpctl/mcp.json.  A named file that is missing is an error, as
  /// is finding none; the message lists where it looked.
  static Result<ConfigFiles> locate(const std::vector<std::string>& named);

  /// Absolute paths.
  const std::vector<std::string>& paths() const { return paths_; }

  /// Reads them now.  A file that cannot be read is a Problem like any other.
  config::Reading load() const;

 private:
  explicit ConfigFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  std::vector<std::string> paths_;
};

/// Where locate() looks when no file is named; absolute.
std::vector<std::string> usual_places();

/// `path` made absolute against the current folder, "." and ".." resolved by name.
std::string absolute_path(const std::string& path);

/// The whole of a regular file of at most `limit` bytes; the error is only the cause
/// ("no such file").
Result<std::string> read_small_file(const std::string& path, std::size_t limit);

/// This process's environment, files and users.
config::World this_machine();

}  // namespace mcpctl::runtime
