// Keeps an eye on the files that servers are made of (runtime/watched_files.h) and
// tells which server's have changed.  Restarts nothing.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "loop/folder_watch.h"
#include "loop/loop.h"
#include "runtime/watched_files.h"

namespace mcpctl::runtime {

class SourceWatch {
 public:
  struct Callbacks {
    /// `files` as seen from the server's cwd: "server.py", "lib/a.js and 3 more".
    std::function<void(std::string_view server, const std::string& files)> on_change;
    /// What is watched (once for each server), and what cannot be.
    std::function<void(std::string_view server, const std::string& note)> on_note;
  };

  SourceWatch(loop::Loop& loop, Callbacks callbacks);

  /// Watches what this configuration calls for.  Servers whose files stay the same
  /// keep their watches, and miss nothing.
  void follow(const config::Config& config);

 private:
  struct Watched {
    std::vector<WatchedTree> trees;
    std::vector<loop::FolderWatch> watches;
  };
  Watched watch(const WatchedServer& server);

  loop::Loop& loop_;
  Callbacks callbacks_;
  std::map<std::string, Watched> servers_;
};

}  // namespace mcpctl::runtime
