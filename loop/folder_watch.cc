#include "loop/folder_watch.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "loop/directory_watch.h"
#include "loop/system_error.h"
#include "loop/timer.h"

namespace mcpctl::loop {
namespace {

namespace fs = std::filesystem;

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path{path}.parent_path().string();
  return parent.empty() ? "." : parent;
}

/// Of the entry itself, never of what a link leads to.
fs::file_type type_of(const std::string& path) {
  std::error_code gone;
  return fs::symlink_status(path, gone).type();
}

std::string below(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string{name} : folder + "/" + std::string{name};
}

}  // namespace

struct FolderWatch::State {
  State(Loop& owner, std::string folder, FolderWatchOptions wishes,
        Callback<const Changes&> callback)
      : loop(owner),
        root(std::move(folder)),
        options(std::move(wishes)),
        on_change(std::move(callback)),
        timer(owner) {}

  Loop& loop;
  std::string root;
  FolderWatchOptions options;
  Callback<const Changes&> on_change;
  Timer timer;
  Instant burst_began{};
  std::string shortfall;
  std::set<std::string> changed;
  Owned<DirectoryWatch> above;
  std::map<std::string, Owned<DirectoryWatch>> folders;  ///< by relative path; "": the root

  std::string absolute(const std::string& relative) const {
    return relative.empty() ? root : root + "/" + relative;
  }

  /// A libuv error code; 0 is success.
  int watch_above() {
    auto watch = watch_directory(loop, parent_of(root), [this](std::string_view name) {
      if (fs::path{root}.filename().string() == name) root_changed();
    });
    if (!watch) return watch.error();
    above = std::move(*watch);
    return 0;
  }

  /// Made, removed, or exchanged for another one.
  void root_changed() noexcept {
    folders.clear();
    if (type_of(root) == fs::file_type::directory) enter("", true);
  }

  /// Watches `top` and what is below it, breadth first.  `tells`: files found there
  /// count as changed, for they came before the watch did.
  void enter(const std::string& top, bool tells) {
    std::vector<std::string> next{top};
    for (std::size_t i = 0; i < next.size(); ++i) {
      const std::string folder = next[i];
      if (!watch(folder)) return;
      std::error_code error;
      for (fs::directory_iterator entry{absolute(folder), error}, end; !error && entry != end;
           entry.increment(error)) {
        const std::string relative = below(folder, entry->path().filename().string());
        if (type_of(absolute(relative)) == fs::file_type::directory) {
          if (options.enters(relative)) next.push_back(relative);
        } else if (tells) {
          touched(relative);
        }
      }
    }
  }

  bool watch(const std::string& folder) {
    if (folders.contains(folder)) return true;
    if (folders.size() >= options.max_folders) {
      shortfall = "only " + std::to_string(options.max_folders) + " of the folders below " + root +
                  " are watched";
      return false;
    }
    auto opened = watch_directory(loop, absolute(folder), [this, folder](std::string_view name) {
      if (!name.empty()) entry_changed(folder, name);
    });
    if (opened) {
      folders[folder] = std::move(*opened);
      return true;
    }
    // A folder that went away again is no shortfall.
    if (opened.error() == UV_ENOENT) return true;
    shortfall = opened.error() == UV_ENOSPC
                    ? "the kernel allows no more watches (fs.inotify.max_user_watches): some "
                      "folders below " +
                          root + " are not watched"
                    : system_error("cannot watch " + absolute(folder), -opened.error()).message;
    return opened.error() == UV_EACCES;
  }

  void entry_changed(const std::string& folder, std::string_view name) noexcept {
    const std::string relative = below(folder, name);
    const fs::file_type type = type_of(absolute(relative));
    if (type == fs::file_type::directory) {
      if (!folders.contains(relative) && options.enters(relative)) enter(relative, true);
      return;
    }
    if (type == fs::file_type::not_found) {
      // The end of the folder itself comes under its own name; its files told before.
      const bool is_itself = fs::path{absolute(folder)}.filename().string() == name;
      if (is_itself || folders.contains(relative)) return forget(relative);
    }
    touched(relative);
  }

  /// The folder and all below it are gone, or were moved to where they are none of ours.
  void forget(const std::string& folder) {
    std::erase_if(folders, [&](const auto& entry) {
      return entry.first == folder || entry.first.starts_with(folder + "/");
    });
  }

  void touched(const std::string& relative) {
    if (!options.counts(relative)) return;
    changed.insert(absolute(relative));
    const Instant now = loop.now();
    if (!timer.is_armed()) burst_began = now;
    timer.arm(std::min(now + options.debounce, burst_began + options.debounce * 10),
              [this] { tell(); });
  }

  void tell() noexcept {
    const Changes changes{changed.begin(), changed.end()};
    changed.clear();
    on_change(changes);
  }
};

Result<FolderWatch> FolderWatch::open(Loop& loop, std::string folder, FolderWatchOptions options,
                                      Callback<const Changes&> on_change) {
  auto state =
      std::make_unique<State>(loop, std::move(folder), std::move(options), std::move(on_change));
  if (const int error = state->watch_above(); error < 0) {
    return system_failure("cannot watch the folder " + parent_of(state->root), -error);
  }
  if (type_of(state->root) == fs::file_type::directory) state->enter("", false);
  return FolderWatch{std::move(state)};
}

const std::string& FolderWatch::shortfall() const { return state_->shortfall; }

FolderWatch::FolderWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
FolderWatch::FolderWatch(FolderWatch&&) noexcept = default;

FolderWatch& FolderWatch::operator=(FolderWatch&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

FolderWatch::~FolderWatch() {
  if (!state_) return;
  // May run inside on_change: the watches end now, the running callback later.
  state_->timer = Timer{state_->loop};
  state_->above.reset();
  state_->folders.clear();
  Loop& loop = state_->loop;
  loop.dispose(std::move(state_));
}

}  // namespace mcpctl::loop
