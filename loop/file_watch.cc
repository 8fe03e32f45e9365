#include "loop/file_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "loop/directory_watch.h"
#include "loop/system_error.h"
#include "loop/timer.h"

namespace mcpctl::loop {

namespace {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Where the path leads once all symbolic links are followed; empty when nowhere.
std::string target_of(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real{::realpath(path.c_str(), nullptr), std::free};
  return real ? real.get() : "";
}

/// What tells one content of a file from another without reading it.
struct Signature {
  bool exists{false};
  dev_t device{0};
  ino_t inode{0};
  off_t size{0};
  std::int64_t modified_ns{0};
  friend bool operator==(const Signature&, const Signature&) = default;
};

Signature signature_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {true, found.st_dev, found.st_ino, found.st_size,
          std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

}  // namespace

struct FileWatch::State {
  State(Loop& owner, std::string file, Callback<> callback, Duration wait)
      : loop(owner),
        path(std::move(file)),
        on_change(std::move(callback)),
        debounce(wait),
        timer(owner) {}

  Loop& loop;
  std::string path;
  Callback<> on_change;
  Duration debounce;
  Timer timer;
  Instant burst_began{};
  Signature seen;
  // The directory of the name, and of what the name leads to where that differs.
  std::string named_directory;
  std::string target_directory;
  Owned<DirectoryWatch> named;
  Owned<DirectoryWatch> target;

  /// A libuv error code; 0 is success.
  int rearm() noexcept {
    const auto on_event = [this](std::string_view) { this->on_event(); };
    auto watch = watch_directory(loop, named_directory, on_event);
    if (!watch) return watch.error();
    named = std::move(*watch);
    target.reset();
    target_directory = directory_of(target_of(path));
    if (target_directory == "." || target_directory == target_of(named_directory)) return 0;
    if (auto other = watch_directory(loop, target_directory, on_event)) target = std::move(*other);
    return 0;
  }

  void on_event() noexcept {
    const Instant now = loop.now();
    if (!timer.is_armed()) burst_began = now;
    timer.arm(std::min(now + debounce, burst_began + debounce * 10), [this] { look(); });
  }

  void look() noexcept {
    const Signature found = signature_of(path);
    if (found == seen) return;
    seen = found;
    rearm();  // the directory itself, or the link, may be another one now
    on_change();
  }
};

Result<FileWatch> FileWatch::open(Loop& loop, std::string path, Callback<> on_change,
                                  Duration debounce) {
  auto state = std::make_unique<State>(loop, std::move(path), std::move(on_change), debounce);
  state->named_directory = directory_of(state->path);
  state->seen = signature_of(state->path);
  if (const int error = state->rearm(); error < 0) {
    return system_failure("cannot watch the directory " + state->named_directory, -error);
  }
  return FileWatch{std::move(state)};
}

FileWatch::FileWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileWatch::FileWatch(FileWatch&&) noexcept = default;

FileWatch& FileWatch::operator=(FileWatch&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

FileWatch::~FileWatch() {
  if (!state_) return;
  // May run inside on_change: the watches end now, the running callback later.
  state_->timer = Timer{state_->loop};
  state_->named.reset();
  state_->target.reset();
  Loop& loop = state_->loop;
  loop.dispose(std::move(state_));
}

}  // namespace mcpctl::loop
