#include "runtime/watched_files.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace mcpctl;
using namespace mcpctl::runtime;

namespace {

/// A disk that holds these; a folder's name ends with a slash.
LookAt disk(std::vector<std::string> paths) {
  return [paths = std::move(paths)](const std::string& path) {
    for (const std::string& each : paths) {
      if (each == path) return FileKind::file;
      if (each == path + "/") return FileKind::folder;
    }
    return FileKind::none;
  };
}

config::Server server(std::string name, std::string command, std::vector<std::string> args = {}) {
  config::Server server;
  server.name = std::move(name);
  server.command = std::move(command);
  server.args = std::move(args);
  server.cwd = "/proj";
  server.where.file = "/proj/mcp.json";
  return server;
}

std::vector<WatchedTree> trees_of(const config::Server& server, const LookAt& look) {
  config::Config config;
  config.servers = {server};
  const auto watched = watched_files(config, look);
  REQUIRE(watched.size() == 1);
  return watched[0].trees;
}

}  // namespace

TEST_CASE("a script is watched with the files of its language beside and below it") {
  const auto trees =
      trees_of(server("a", "node", {"--inspect", "src/index.js"}), disk({"/proj/src/index.js"}));

  REQUIRE(trees.size() == 1);
  CHECK(trees[0].folder == "/proj/src");
  CHECK(trees[0].counts("index.js"));
  CHECK(trees[0].counts("lib/other.mjs"));
  CHECK_FALSE(trees[0].counts("data.json"));
  CHECK_FALSE(trees[0].counts("index.ts"));
  CHECK_FALSE(trees[0].counts(".hidden.js"));
  CHECK(trees[0].enters("lib"));
}

TEST_CASE("installed packages, hidden folders and the output of builds are not entered") {
  const auto trees = trees_of(server("a", "python", {"server.py"}), disk({"/proj/server.py"}));

  REQUIRE(trees.size() == 1);
  for (const char* name : {"node_modules", ".git", ".venv", "venv", "build", "dist", "target",
                           "__pycache__", "lib/node_modules"}) {
    CAPTURE(name);
    CHECK_FALSE(trees[0].enters(name));
  }
}

TEST_CASE("a script in a folder for built files is watched all the same") {
  const auto trees =
      trees_of(server("a", "node", {"build/index.js"}), disk({"/proj/build/index.js"}));

  REQUIRE(trees.size() == 1);
  CHECK(trees[0].folder == "/proj/build");
  CHECK(trees[0].counts("index.js"));
}

TEST_CASE("what npx or a package manager installed is nobody's source") {
  CHECK(trees_of(server("a", "npx", {"-y", "some-server"}), disk({})).empty());
  CHECK(trees_of(server("a", "node", {"node_modules/x/index.js"}),
                 disk({"/proj/node_modules/x/index.js"}))
            .empty());
}

TEST_CASE("data that a server is given is no source") {
  CHECK(
      trees_of(server("a", "sqlite-server", {"--db", "data.db"}), disk({"/proj/data.db"})).empty());
}

TEST_CASE("a program of the project is watched alone, one of the system is not") {
  const auto trees = trees_of(server("a", "/proj/bin/server"), disk({"/proj/bin/server"}));

  REQUIRE(trees.size() == 1);
  CHECK(trees[0].counts("server"));
  CHECK_FALSE(trees[0].counts("other"));
  CHECK_FALSE(trees[0].enters("lib"));
  CHECK(trees_of(server("a", "/usr/bin/server"), disk({"/usr/bin/server"})).empty());
}

TEST_CASE("uv's --directory is where a relative script is looked for") {
  const auto trees = trees_of(server("a", "uv", {"--directory", "/other", "run", "main.py"}),
                              disk({"/other/main.py"}));

  REQUIRE(trees.size() == 1);
  CHECK(trees[0].folder == "/other");
}

TEST_CASE("a script in the home folder is watched without all that is beside it") {
  const auto trees = trees_of(server("a", "python", {"/home/me/x.py"}), disk({"/home/me/x.py"}));

  REQUIRE(trees.size() == 1);
  CHECK(trees[0].counts("x.py"));
  CHECK_FALSE(trees[0].counts("y.py"));
  CHECK_FALSE(trees[0].enters("everything"));
}

TEST_CASE("scripts in one folder belong each to its own server") {
  config::Config config;
  config.servers = {server("math", "node", {"math.js"}), server("time", "node", {"time.js"})};
  const auto watched = watched_files(config, disk({"/proj/math.js", "/proj/time.js"}));

  REQUIRE(watched.size() == 2);
  CHECK(watched[0].trees[0].counts("math.js"));
  CHECK_FALSE(watched[0].trees[0].counts("time.js"));
  CHECK(watched[0].trees[0].counts("shared.js"));
  CHECK(watched[1].trees[0].counts("shared.js"));
}

TEST_CASE("the watch setting says it all: files, folders, patterns and exceptions") {
  config::Server wished = server("a", "node", {"index.js"});
  wished.watch =
      std::vector<std::string>{"config.json", "src/", "lib/**/*.py", "!src/generated", ".env"};
  const auto trees = trees_of(
      wished, disk({"/proj/index.js", "/proj/src/", "/proj/src/generated/", "/proj/config.json"}));

  REQUIRE(trees.size() == 4);
  CHECK(trees[0].folder == "/proj");
  CHECK(trees[0].counts("config.json"));
  CHECK_FALSE(trees[0].counts("index.js"));
  CHECK(trees[1].folder == "/proj/src");
  CHECK(trees[1].counts("any/thing.txt"));
  CHECK_FALSE(trees[1].counts("generated/x.js"));
  CHECK_FALSE(trees[1].counts("notes.txt~"));
  CHECK(trees[2].folder == "/proj/lib");
  CHECK(trees[2].counts("deep/a.py"));
  CHECK(trees[3].counts(".env"));
}

TEST_CASE("an empty watch setting watches nothing") {
  config::Server wished = server("a", "node", {"index.js"});
  wished.watch.emplace();
  CHECK(trees_of(wished, disk({"/proj/index.js"})).empty());
}

TEST_CASE("the log files that mcpctl writes are no change") {
  config::Server wished = server("a", "node");
  wished.watch = std::vector<std::string>{"."};
  wished.logs.dir = "/proj/logs";
  const auto trees = trees_of(wished, disk({"/proj/"}));

  REQUIRE(trees.size() == 1);
  CHECK(trees[0].folder == "/proj");
  CHECK(trees[0].counts("any"));
  CHECK_FALSE(trees[0].counts("logs/a.txt"));
}

TEST_CASE("a remote server has no files") {
  config::Config config;
  config.servers = {server("a", "")};
  config.servers[0].transport = config::Transport::remote;
  CHECK(watched_files(config, disk({})).empty());
}
