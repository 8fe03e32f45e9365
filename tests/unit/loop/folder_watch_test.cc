#include "loop/folder_watch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "loop_fixture.h"

using namespace mcpctl;
using namespace mcpctl::loop;
namespace fs = std::filesystem;

namespace {

/// Watches all of `folder` but what is called "ignored", and what ends in ".log".
struct WatchedFolder {
  Loop& loop;
  int bursts{0};
  FolderWatch::Changes changes;
  std::optional<FolderWatch> watch;

  WatchedFolder(Loop& owner, const std::string& folder, std::size_t max_folders = 100)
      : loop(owner) {
    FolderWatchOptions options;
    options.enters = [](std::string_view path) { return !path.ends_with("ignored"); };
    options.counts = [](std::string_view path) { return !path.ends_with(".log"); };
    options.debounce = Duration{10};
    options.max_folders = max_folders;
    auto opened =
        FolderWatch::open(loop, folder, options, [this](const FolderWatch::Changes& files) {
          ++bursts;
          changes.insert(changes.end(), files.begin(), files.end());
        });
    REQUIRE(opened);
    watch.emplace(std::move(*opened));
  }

  /// Told within the deadline.
  bool hears(const std::string& path) {
    const bool heard = turn_until(loop, [&] { return std::ranges::count(changes, path) > 0; });
    settle();
    changes.clear();
    return heard;
  }
  void settle() {
    Timer quiet{loop};
    bool over = false;
    quiet.arm(Duration{40}, [&] { over = true; });
    CHECK(turn_until(loop, [&] { return over; }));
  }
};

}  // namespace

TEST_CASE("a file of the tree that is written, replaced, made or removed is told by name") {
  Loop loop;
  TemporaryDirectory directory;
  fs::create_directories(directory / "src/deep");
  write_file(directory / "src/deep/one.js", "1");
  WatchedFolder watching{loop, directory / "src"};

  write_file(directory / "src/deep/one.js", "2");
  CHECK(watching.hears(directory / "src/deep/one.js"));

  write_file(directory / "new", "3");
  fs::rename(directory / "new", directory / "src/deep/one.js");
  CHECK(watching.hears(directory / "src/deep/one.js"));

  write_file(directory / "src/two.js", "4");
  CHECK(watching.hears(directory / "src/two.js"));

  fs::remove(directory / "src/two.js");
  CHECK(watching.hears(directory / "src/two.js"));
}

TEST_CASE("a storm of writes to many files is told once") {
  Loop loop;
  TemporaryDirectory directory;
  fs::create_directories(directory / "src");
  WatchedFolder watching{loop, directory / "src"};

  for (int i = 0; i < 200; ++i) write_file(directory / ("src/" + std::to_string(i)), "x");
  CHECK(turn_until(loop, [&] { return watching.bursts > 0; }));
  watching.settle();

  CHECK(watching.bursts == 1);
  CHECK(watching.changes.size() == 200);
}

TEST_CASE("what is ignored is neither entered nor told, and reading is no change") {
  Loop loop;
  TemporaryDirectory directory;
  fs::create_directories(directory / "src/ignored");
  write_file(directory / "src/one.js", "1");
  WatchedFolder watching{loop, directory / "src"};

  write_file(directory / "src/ignored/two.js", "2");
  write_file(directory / "src/some.log", "3");
  std::string text;
  std::ifstream{directory / "src/one.js"} >> text;
  fs::create_directory(directory / "src/ignored/more");
  watching.settle();

  CHECK(watching.bursts == 0);
}

TEST_CASE("a folder that comes later is watched, and what came with it is told") {
  Loop loop;
  TemporaryDirectory directory;
  fs::create_directories(directory / "src");
  fs::create_directories(directory / "moved/inner");
  write_file(directory / "moved/inner/three.js", "3");
  WatchedFolder watching{loop, directory / "src"};

  fs::rename(directory / "moved", directory / "src/moved");
  CHECK(watching.hears(directory / "src/moved/inner/three.js"));

  write_file(directory / "src/moved/inner/three.js", "4");
  CHECK(watching.hears(directory / "src/moved/inner/three.js"));
}

TEST_CASE("a folder that was moved away is none of ours any more") {
  Loop loop;
  TemporaryDirectory directory;
  fs::create_directories(directory / "src/gone");
  WatchedFolder watching{loop, directory / "src"};

  fs::rename(directory / "src/gone", directory / "elsewhere");
  watching.settle();
  write_file(directory / "elsewhere/file.js", "1");
  watching.settle();

  CHECK(watching.bursts == 0);
}

TEST_CASE("a build that removes its folder and makes it anew is noticed") {
  Loop loop;
  TemporaryDirectory directory;
  fs::create_directories(directory / "dist");
  write_file(directory / "dist/index.js", "1");
  WatchedFolder watching{loop, directory / "dist"};

  fs::remove_all(directory / "dist");
  CHECK(watching.hears(directory / "dist/index.js"));

  fs::create_directories(directory / "dist");
  write_file(directory / "dist/index.js", "2");
  CHECK(watching.hears(directory / "dist/index.js"));

  write_file(directory / "dist/index.js", "3");
  CHECK(watching.hears(directory / "dist/index.js"));
}

TEST_CASE("more folders than the limit are said to be left out") {
  Loop loop;
  TemporaryDirectory directory;
  for (int i = 0; i < 5; ++i) {
    fs::create_directories(directory / ("src/" + std::to_string(i)));
  }

  const WatchedFolder enough{loop, directory / "src", 6};
  const WatchedFolder short_of{loop, directory / "src", 5};

  CHECK(enough.watch->shortfall().empty());
  CHECK(short_of.watch->shortfall() ==
        "only 5 of the folders below " + directory.path() + "/src are watched");
}

TEST_CASE("a folder watch can be dropped while it tells") {
  Loop loop;
  TemporaryDirectory directory;
  fs::create_directories(directory / "src");
  std::optional<FolderWatch> watch;
  bool told = false;
  FolderWatchOptions options;
  options.enters = options.counts = [](std::string_view) { return true; };
  options.debounce = Duration{5};
  auto opened =
      FolderWatch::open(loop, directory / "src", options, [&](const FolderWatch::Changes&) {
        told = true;
        watch.reset();
      });
  REQUIRE(opened);
  watch.emplace(std::move(*opened));

  write_file(directory / "src/one", "1");

  CHECK(turn_until(loop, [&] { return told; }));
}
