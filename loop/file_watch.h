// Tells that a file's content may have changed, however it was changed: written
// in place, replaced by rename (editors), or swapped through a symbolic link
// (Kubernetes ConfigMaps).  Watches directories by inotify, never the file, and
// never polls.  inotify is best effort (network file systems): keep another way.
#pragma once
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "loop/callback.h"
#include "loop/loop.h"

namespace mcpctl::loop {

class FileWatch {
 public:
  /// `debounce` after the last of a burst of events (but at most ten times that
  /// after the first) the file is looked at; `on_change` runs when it is another
  /// one, was written, appeared or vanished.  The directory must exist.
  static Result<FileWatch> open(Loop& loop, std::string path, Callback<> on_change,
                                Duration debounce = Duration{150});
  ~FileWatch();
  FileWatch(FileWatch&&) noexcept;
  FileWatch& operator=(FileWatch&&) noexcept;

 private:
  struct State;
  explicit FileWatch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mcpctl::loop
