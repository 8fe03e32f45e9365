#include "spawn/oom_watch.h"

#include "tests/unit/spawn/processes.h"

using namespace test;

namespace {

void write(const std::string& path, const std::string& text) { std::ofstream{path} << text; }

}  // namespace

TEST_CASE("a kill for lack of memory is noticed once, by the count of either version") {
  const Folder folder;
  const std::string file = folder.path("memory.oom_control");
  write(file, "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  OomWatch watch{file};
  CHECK_FALSE(watch.has_killed());

  write(file, "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");

  CHECK(watch.has_killed());
  CHECK_FALSE(watch.has_killed());
  write(file, "low 0\nhigh 0\nmax 7\noom 5\noom_kill 5\noom_group_kill 0\n");
  CHECK(watch.has_killed());
}

TEST_CASE("where nothing is counted nobody is said to be killed for lack of memory") {
  const Folder folder;
  OomWatch nothing;
  OomWatch absent{folder.path("absent")};

  CHECK_FALSE(nothing.has_killed());
  CHECK_FALSE(absent.has_killed());
}
