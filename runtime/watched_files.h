// Which files make a server, so that `mcpctl run --watch` restarts it when one of
// them changes: the ones that its "watch" setting names, else its script and the
// files of the same language beside and below it.  Looks at the disk only through
// the function it is given.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace mcpctl::runtime {

enum class FileKind { none, file, folder };
/// Follows symbolic links.
using LookAt = std::function<FileKind(const std::string& path)>;

/// A folder and what counts below it.
struct WatchedTree {
  std::string folder;                 ///< absolute
  std::vector<std::string> patterns;  ///< absolute globs (config/glob.h); one is enough
  std::vector<std::string> except;    ///< the same; none may match

  /// Paths are relative to `folder`.
  bool counts(std::string_view path) const;
  /// Hidden folders, installed packages and the output of builds are not entered.
  bool enters(std::string_view path) const;

  friend bool operator==(const WatchedTree&, const WatchedTree&) = default;
};

/// The trees of every server of the fleet that has a process, in its order; none for
/// one whose files cannot be told.
struct WatchedServer {
  std::string server;
  std::string cwd;  ///< from where an operator sees its files
  std::vector<WatchedTree> trees;
  friend bool operator==(const WatchedServer&, const WatchedServer&) = default;
};
std::vector<WatchedServer> watched_files(const config::Config& config, const LookAt& look);

}  // namespace mcpctl::runtime
