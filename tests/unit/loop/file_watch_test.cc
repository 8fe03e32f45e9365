#include "loop/file_watch.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "loop_fixture.h"

using namespace mcpctl;
using namespace mcpctl::loop;

namespace {

struct Watching {
  int changes{0};
  std::optional<FileWatch> watch;
  Watching(Loop& loop, const std::string& path) {
    auto opened = FileWatch::open(loop, path, [this] { ++changes; }, Duration{10});
    REQUIRE(opened);
    watch.emplace(std::move(*opened));
  }
};

}  // namespace

TEST_CASE("every way to change a file is noticed") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "config.json";
  write_file(path, "one");
  Watching watching{loop, path};

  write_file(path, "longer");
  CHECK(turn_until(loop, [&] { return watching.changes == 1; }));

  write_file(path + ".new", "replaced");
  std::filesystem::rename(path + ".new", path);
  CHECK(turn_until(loop, [&] { return watching.changes == 2; }));

  std::filesystem::remove(path);
  CHECK(turn_until(loop, [&] { return watching.changes == 3; }));

  write_file(path, "back");
  CHECK(turn_until(loop, [&] { return watching.changes == 4; }));
}

TEST_CASE("a burst of writes is one change") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "config.json";
  write_file(path, "one");
  Watching watching{loop, path};

  for (int i = 0; i < 20; ++i) write_file(path, std::string(static_cast<std::size_t>(i), 'x'));
  CHECK(turn_until(loop, [&] { return watching.changes > 0; }));
  Timer quiet{loop};
  bool over = false;
  quiet.arm(Duration{40}, [&] { over = true; });
  CHECK(turn_until(loop, [&] { return over; }));

  CHECK(watching.changes == 1);
}

TEST_CASE("a neighbour's change is none of ours") {
  Loop loop;
  TemporaryDirectory directory;
  write_file(directory / "config.json", "one");
  Watching watching{loop, directory / "config.json"};

  write_file(directory / "other", "two");
  Timer quiet{loop};
  bool over = false;
  quiet.arm(Duration{40}, [&] { over = true; });
  CHECK(turn_until(loop, [&] { return over; }));

  CHECK(watching.changes == 0);
}

TEST_CASE("a link that is swapped, and a file behind a link, are noticed") {
  Loop loop;
  TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "v1");
  std::filesystem::create_directories(directory / "v2");
  write_file(directory / "v1/config.json", "one");
  write_file(directory / "v2/config.json", "two");
  std::filesystem::create_directory_symlink("v1", directory / "..data");
  std::filesystem::create_symlink("..data/config.json", directory / "config.json");
  Watching watching{loop, directory / "config.json"};

  std::filesystem::create_directory_symlink("v2", directory / "..new");
  std::filesystem::rename(directory / "..new", directory / "..data");
  CHECK(turn_until(loop, [&] { return watching.changes == 1; }));

  write_file(directory / "v2/config.json", "edited behind the link");
  CHECK(turn_until(loop, [&] { return watching.changes == 2; }));
}

TEST_CASE("a watch may be destroyed in its callback, and a missing directory is an error") {
  Loop loop;
  TemporaryDirectory directory;
  write_file(directory / "config.json", "one");
  auto self = std::make_unique<std::optional<FileWatch>>();
  auto opened =
      FileWatch::open(loop, directory / "config.json", [&] { self.reset(); }, Duration{1});
  self->emplace(std::move(*opened));
  write_file(directory / "config.json", "other");
  CHECK(turn_until(loop, [&] { return self == nullptr; }));

  const auto missing = FileWatch::open(loop, "/nowhere/config.json", [] {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        "cannot watch the directory /nowhere: No such file or directory");
}
