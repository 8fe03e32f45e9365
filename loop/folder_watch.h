// Tells which files below a folder were written, made, replaced or removed, in all of
// its tree; folders that come later are watched as they come, also when the folder
// itself is removed and made anew, as builds do.  By inotify, one watch per folder;
// never polls, never follows symbolic links, never reads a file.  inotify is best
// effort (network file systems).
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "loop/callback.h"
#include "loop/loop.h"

namespace mcpctl::loop {

struct FolderWatchOptions {
  /// Which subfolders to enter and which files count; paths are relative to the folder.
  std::function<bool(std::string_view)> enters;
  std::function<bool(std::string_view)> counts;
  /// After the last of a burst of changes (but at most ten times that after the
  /// first) they are told.
  Duration debounce{200};
  std::size_t max_folders{1024};
};

class FolderWatch {
 public:
  /// Absolute paths without duplicates, in order.
  using Changes = std::vector<std::string>;

  /// The folder above `folder` must exist, `folder` itself may come later.  Reads the
  /// tree's folders at once.
  static Result<FolderWatch> open(Loop& loop, std::string folder, FolderWatchOptions options,
                                  Callback<const Changes&> on_change);
  ~FolderWatch();
  FolderWatch(FolderWatch&&) noexcept;
  FolderWatch& operator=(FolderWatch&&) noexcept;

  /// Why some folders are not watched, in one sentence; empty when all are.
  const std::string& shortfall() const;

 private:
  struct State;
  explicit FolderWatch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mcpctl::loop
