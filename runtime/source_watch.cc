#include "runtime/source_watch.h"

#include <sys/stat.h>

#include <utility>

namespace mcpctl::runtime {
namespace {

FileKind look_at(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return FileKind::none;
  if (S_ISDIR(found.st_mode)) return FileKind::folder;
  return S_ISREG(found.st_mode) ? FileKind::file : FileKind::none;
}

std::string seen_from(const std::string& folder, const std::string& path) {
  return path.starts_with(folder + "/") ? path.substr(folder.size() + 1) : path;
}

std::string listed(const std::string& folder, const loop::FolderWatch::Changes& files) {
  std::string text = seen_from(folder, files.front());
  if (files.size() > 1) text += " and " + std::to_string(files.size() - 1) + " more";
  return text;
}

}  // namespace

SourceWatch::SourceWatch(loop::Loop& loop, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)) {}

void SourceWatch::follow(const config::Config& config) {
  std::map<std::string, Watched> former = std::exchange(servers_, {});
  for (const WatchedServer& server : watched_files(config, look_at)) {
    const auto known = former.find(server.server);
    const bool is_same = known != former.end() && known->second.trees == server.trees;
    servers_[server.server] = is_same ? std::move(known->second) : watch(server);
  }
}

SourceWatch::Watched SourceWatch::watch(const WatchedServer& server) {
  Watched watched{server.trees, {}};
  if (server.trees.empty()) {
    callbacks_.on_note(server.server, "no files to watch; name them in \"watch\"");
  }
  for (const WatchedTree& tree : server.trees) {
    loop::FolderWatchOptions options;
    options.enters = [tree](std::string_view path) { return tree.enters(path); };
    options.counts = [tree](std::string_view path) { return tree.counts(path); };
    auto opened = loop::FolderWatch::open(
        loop_, tree.folder, std::move(options),
        [this, name = server.server, cwd = server.cwd](const loop::FolderWatch::Changes& files) {
          callbacks_.on_change(name, listed(cwd, files));
        });
    if (!opened) {
      callbacks_.on_note(server.server, opened.error().message);
      continue;
    }
    if (!opened->shortfall().empty()) callbacks_.on_note(server.server, opened->shortfall());
    callbacks_.on_note(server.server, "watching " + tree.patterns.front());
    watched.watches.push_back(std::move(*opened));
  }
  return watched;
}

}  // namespace mcpctl::runtime
