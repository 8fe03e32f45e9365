#include "spawn/command.h"

#include "tests/unit/spawn/processes.h"

using namespace test;

TEST_CASE("a command is searched in the directories of PATH, in order") {
  const Folder first, second;
  first.file("only-first", "");
  first.file("both", "");
  second.file("both", "");
  second.file("only-second", "");
  const std::string path = first.path() + ":" + second.path();

  CHECK(resolve_command("both", path, "/").value() == first.path("both"));
  CHECK(resolve_command("only-second", path, "/").value() == second.path("only-second"));
}

TEST_CASE("a command that is nowhere names the PATH that was searched") {
  const auto found = resolve_command("npx", "/no/such:/neither", "/");

  REQUIRE_FALSE(found);
  CHECK(found.error().message == "npx not found in PATH=/no/such:/neither");
  CHECK(found.error().shell_code == 127);
}

TEST_CASE("a command that is found but may not be executed says where, unless a later one may") {
  const Folder first, second;
  first.file("npx", "", 0644);
  const std::string path = first.path() + ":" + second.path();

  const auto refused = resolve_command("npx", path, "/");
  second.file("npx", "");
  const auto found = resolve_command("npx", path, "/");

  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == first.path("npx") + ": Permission denied");
  CHECK(refused.error().shell_code == 126);
  CHECK(found.value() == second.path("npx"));
}

TEST_CASE("a name with a slash is a path, relative to the working directory") {
  const Folder folder;
  folder.file("server", "");

  CHECK(resolve_command("./server", "/bin", folder.path()).value() == folder.path() + "/./server");
  CHECK(resolve_command(folder.path("server"), "", "/").value() == folder.path("server"));
  const auto absent = resolve_command("./absent", "/bin", folder.path());
  CHECK(absent.error().message == folder.path() + "/./absent: No such file or directory");
  CHECK(absent.error().shell_code == 127);
}

TEST_CASE("an empty entry of PATH and a relative one mean the working directory") {
  const Folder folder;
  folder.file("server", "");
  std::filesystem::create_directory(folder.path("bin"));
  folder.file("bin/tool", "");

  CHECK(resolve_command("server", "/no/such:", folder.path()).value() == folder.path("server"));
  CHECK(resolve_command("tool", "bin", folder.path()).value() == folder.path("bin/tool"));
}

TEST_CASE("a directory is no command, and neither is nothing") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("npx"));

  CHECK(resolve_command("npx", folder.path(), "/").error().message ==
        folder.path("npx") + ": Is a directory");
  CHECK(resolve_command("", "/bin", "/").error().message == "the command is empty");
}
