#include "runtime/watched_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "config/glob.h"

namespace mcpctl::runtime {
namespace {

namespace fs = std::filesystem;

/// Files of one language: a change of any may change what the script does.
constexpr std::array<std::array<std::string_view, 4>, 2> families{{
    {".js", ".mjs", ".cjs", ""},
    {".ts", ".mts", ".cts", ".tsx"},
}};
constexpr std::array<std::string_view, 20> languages{
    ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".py",  ".rb",
    ".pl", ".php", ".lua", ".sh", ".go",  ".rs",  ".jl",  ".r",   ".exs", ".clj"};

/// What comes from elsewhere, or is made from the sources.
constexpr std::array<std::string_view, 11> not_entered{"node_modules",  "bower_components",
                                                       "site-packages", "dist-packages",
                                                       "__pycache__",   "venv",
                                                       "build",         "dist",
                                                       "out",           "target",
                                                       "coverage"};

template <std::size_t Count>
bool contains(const std::array<std::string_view, Count>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// What editors and running programs write besides.
bool is_scratch(std::string_view name) {
  return name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".tmp") ||
         name.ends_with(".log") || name.ends_with(".pid") || name == "4913";
}

bool is_installed(std::string_view path) {
  return path.find("/node_modules/") != std::string_view::npos ||
         path.find("/site-packages/") != std::string_view::npos ||
         path.find("/dist-packages/") != std::string_view::npos;
}

std::string absolute(const std::string& path, const std::string& folder) {
  std::string whole = (fs::path{folder} / path).lexically_normal().string();
  if (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return whole;
}

std::string folder_of(const std::string& path) { return fs::path{path}.parent_path().string(); }

/// Where a script stands among everything else that its user has.
bool is_common_ground(const std::string& folder) {
  return folder == "/" || folder == "/tmp" || folder == "/root" ||
         fs::path{folder}.parent_path() == "/home";
}

/// Relative arguments are seen from here.
std::vector<std::string> bases_of(const config::Server& server) {
  std::vector<std::string> bases{server.cwd};
  for (std::size_t i = 0; i + 1 < server.args.size(); ++i) {
    if (server.args[i] == "--directory") bases.push_back(absolute(server.args[i + 1], server.cwd));
  }
  return bases;
}

/// The first argument that names a source file: what an interpreter was given to run.
std::optional<std::string> script_of(const config::Server& server, const LookAt& look) {
  for (const std::string& argument : server.args) {
    if (argument.starts_with('-')) continue;
    if (!contains(languages, fs::path{argument}.extension().string())) continue;
    for (const std::string& base : bases_of(server)) {
      std::string path = absolute(argument, base);
      if (look(path) == FileKind::file && !is_installed(path)) return path;
    }
  }
  return std::nullopt;
}

WatchedTree single(const std::string& path) { return {folder_of(path), {path}, {}}; }

/// A program of the user's own, and a script with what it may import.
std::vector<WatchedTree> usual_trees(const config::Server& server, const LookAt& look) {
  std::vector<WatchedTree> trees;
  const std::string home = folder_of(server.where.file);
  const bool is_near = server.command.starts_with(server.cwd + "/") ||
                       (!home.empty() && server.command.starts_with(home + "/"));
  if (is_near && look(server.command) == FileKind::file) trees.push_back(single(server.command));
  const auto script = script_of(server, look);
  if (!script) return trees;
  const std::string folder = folder_of(*script);
  if (is_common_ground(folder)) {
    trees.push_back(single(*script));
    return trees;
  }
  const std::string extension = fs::path{*script}.extension().string();
  WatchedTree tree{folder, {folder + "/**/*" + extension}, {}};
  for (const auto& family : families) {
    if (!contains(family, extension)) continue;
    tree.patterns.clear();
    for (const std::string_view each : family) {
      if (!each.empty()) tree.patterns.push_back(folder + "/**/*" + std::string{each});
    }
  }
  trees.push_back(std::move(tree));
  return trees;
}

/// "src", "config.json", "lib/**/*.py"; with "!" in front: not these.
std::vector<WatchedTree> wished_trees(const config::Server& server, const LookAt& look) {
  std::vector<WatchedTree> trees;
  std::vector<std::string> except;
  for (const std::string& wish : *server.watch) {
    const bool is_exception = wish.starts_with('!');
    const std::string path = absolute(is_exception ? wish.substr(1) : wish, server.cwd);
    const bool is_folder = !config::has_wildcard(path) && look(path) == FileKind::folder;
    const std::string pattern = is_folder ? path + "/**" : path;
    if (is_exception) {
      except.push_back(pattern);
      continue;
    }
    // The folder down to the first name with a wildcard.
    std::string folder = is_folder ? path : folder_of(path);
    while (config::has_wildcard(folder)) folder = folder_of(folder);
    trees.push_back({folder, {pattern}, {}});
  }
  for (WatchedTree& tree : trees) tree.except = except;
  return trees;
}

}  // namespace

bool WatchedTree::counts(std::string_view path) const {
  if (is_scratch(last_name(path))) return false;
  const std::string whole = folder + "/" + std::string{path};
  const auto matches = [&whole](const std::string& pattern) {
    return config::matches_glob(pattern, whole);
  };
  return std::ranges::any_of(patterns, matches) && std::ranges::none_of(except, matches);
}

bool WatchedTree::enters(std::string_view path) const {
  const std::string_view name = last_name(path);
  const bool reaches_down = std::ranges::any_of(patterns, [](const std::string& pattern) {
    return pattern.ends_with("/**") || config::has_wildcard(folder_of(pattern));
  });
  return reaches_down && !name.starts_with('.') && !contains(not_entered, name);
}

std::vector<WatchedServer> watched_files(const config::Config& config, const LookAt& look) {
  std::vector<WatchedServer> servers;
  // Several scripts in one folder: each is its own server's alone.
  std::map<std::string, std::set<std::string>> users;
  std::vector<std::pair<const config::Server*, std::optional<std::string>>> scripts;
  for (const config::Server& server : config.servers) {
    if (server.transport == config::Transport::remote) continue;
    auto script = script_of(server, look);
    if (script) users[*script].insert(server.name);
    scripts.emplace_back(&server, std::move(script));
  }
  for (const auto& [server, script] : scripts) {
    WatchedServer watched{server->name, server->cwd, {}};
    watched.trees = server->watch ? wished_trees(*server, look) : usual_trees(*server, look);
    for (WatchedTree& tree : watched.trees) {
      if (!server->watch) {
        for (const auto& [other, names] : users) {
          if (!names.contains(server->name)) tree.except.push_back(other);
        }
      }
      // What mcpctl itself writes there is no change.
      if (!server->logs.dir.empty()) tree.except.push_back(server->logs.dir + "/**");
    }
    servers.push_back(std::move(watched));
  }
  return servers;
}

}  // namespace mcpctl::runtime
