// One inotify watch on one directory, in libuv's terms.  For the .cc files of this
// folder.
#pragma once
#include <uv.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "loop/callback.h"
#include "loop/handle.h"
#include "loop/loop.h"

namespace mcpctl::loop {

/// Calls back with the name of the entry that an event is about; of the directory
/// itself when it is about that; empty if the kernel did not say.
struct DirectoryWatch : Handle<uv_fs_event_t> {
  explicit DirectoryWatch(Callback<std::string_view> callback) : on_event(std::move(callback)) {}
  Callback<std::string_view> on_event;
};

/// A libuv error code when it cannot.
inline std::expected<Owned<DirectoryWatch>, int> watch_directory(
    Loop& loop, const std::string& directory, Callback<std::string_view> on_event) {
  auto watch = open(std::make_unique<DirectoryWatch>(std::move(on_event)),
                    [&](uv_fs_event_t* raw) noexcept { return uv_fs_event_init(loop.raw(), raw); });
  if (!watch) return watch;
  const int error = uv_fs_event_start(
      &(*watch)->raw,
      [](uv_fs_event_t* raw, const char* name, int, int) noexcept {
        watch_of<DirectoryWatch>(raw).on_event(name == nullptr ? "" : name);
      },
      directory.c_str(), 0);
  if (error < 0) return std::unexpected{error};
  return watch;
}

}  // namespace mcpctl::loop
