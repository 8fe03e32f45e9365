#include "runtime/config_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/user_database.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::runtime;

namespace {

using Scratch = mcpctl::testing::TemporaryDirectory;

}  // namespace

TEST_CASE_FIXTURE(Scratch, "named files are read in their order, the later one wins") {
  const std::string one = write("one.json", R"({"mcpServers": {"a": {"command": "first"}}})");
  const std::string two = write("two.json", R"({"mcpServers": {"a": {"command": "second"}}})");

  const auto files = ConfigFiles::locate({one, two});
  REQUIRE(files);
  const config::Reading reading = files->load();

  CHECK_FALSE(reading.has_errors());
  REQUIRE(reading.config.servers.size() == 1);
  CHECK(reading.config.servers[0].command == "second");
  CHECK(reading.config.files == std::vector<std::string>{one, two});
}

TEST_CASE("a named file that is missing is an error before anything is read") {
  const auto files = ConfigFiles::locate({"/nonexistent.json"});

  REQUIRE_FALSE(files);
  CHECK(files.error().message == "cannot find the configuration /nonexistent.json: no such file");
}

TEST_CASE_FIXTURE(Scratch, "a file that vanishes before a reload is a problem, not a crash") {
  const std::string path_of_file = write("mcp.json", R"({"mcpServers": {}})");
  const auto files = ConfigFiles::locate({path_of_file});
  REQUIRE(files);
  std::filesystem::remove(path_of_file);

  const config::Reading reading = files->load();

  CHECK(reading.has_errors());
  REQUIRE_FALSE(reading.problems.empty());
  CHECK(reading.problems.front().message == "cannot read the file: no such file");
}

TEST_CASE_FIXTURE(Scratch, "a FIFO, a folder or a huge file in place of a configuration is told") {
  REQUIRE(::mkfifo((path() + "/fifo").c_str(), 0600) == 0);

  CHECK(read_small_file(path() + "/fifo", 100).error().message == "not a regular file");
  CHECK(read_small_file(path(), 100).error().message == "not a regular file");
  CHECK(read_small_file(write("huge", std::string(3u << 20, ' ')), 2u << 20).error().message ==
        "larger than 2 MiB");
}

TEST_CASE("paths are made absolute by name") {
  CHECK(absolute_path("/a/./b/../c.json") == "/a/c.json");
  CHECK(absolute_path("x.json").ends_with("/x.json"));
  CHECK(absolute_path("x.json").front() == '/');
}

TEST_CASE("the usual places are those of other hosts, and ours last") {
  const auto places = usual_places();

  REQUIRE(places.size() == 4);
  CHECK(places[0].ends_with("/mcp.json"));
  CHECK(places[1].ends_with("/.mcp.json"));
  CHECK(places[2].ends_with("/.vscode/mcp.json"));
  CHECK(places[3].ends_with("/mcpctl/mcp.json"));
}

TEST_CASE("users are found by name and by number") {
  const auto root = find_user("root", "");
  REQUIRE(root);
  CHECK(root->uid == 0);
  CHECK(root->gid == 0);
  CHECK(std::ranges::find(root->groups, 0u) != root->groups.end());
  CHECK(find_user("0", "")->uid == 0);
}

TEST_CASE("a number needs no entry in the user database") {
  const auto nobody_we_know = find_user("123456", "654321");

  REQUIRE(nobody_we_know);
  CHECK(nobody_we_know->uid == 123456);
  CHECK(nobody_we_know->gid == 654321);
  CHECK(nobody_we_know->groups == std::vector<std::uint32_t>{654321});
}

TEST_CASE("a name that nobody has is told, and -1 is no user") {
  CHECK(find_user("no-such-user-here", "").error().message == "no such user");
  CHECK(find_user("root", "no-such-group-here").error().message == "no such group");
  CHECK_FALSE(find_user("4294967295", ""));
}
