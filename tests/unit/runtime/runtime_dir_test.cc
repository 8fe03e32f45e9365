#include "runtime/runtime_dir.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "loop/listener.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::runtime;

namespace {

using Scratch = mcpctl::testing::TemporaryDirectory;

}  // namespace

TEST_CASE("the directory is the session's, else the system's for root, else one in /tmp") {
  CHECK(choose_runtime_dir({"/run/user/1000", 1000, false}) == "/run/user/1000/mcpctl");
  CHECK(choose_runtime_dir({"/run/user/0/", 0, true}) == "/run/user/0/mcpctl");
  CHECK(choose_runtime_dir({"", 0, true}) == "/run/mcpctl");
  CHECK(choose_runtime_dir({"", 0, false}) == "/tmp/mcpctl-0");
  CHECK(choose_runtime_dir({"", 1000, true}) == "/tmp/mcpctl-1000");
  CHECK(choose_runtime_dir({"relative", 1000, false}) == "/tmp/mcpctl-1000");
}

TEST_CASE_FIXTURE(Scratch, "the directory is made for its owner alone") {
  const auto directory = RuntimeDir::open_at(path() + "/mcpctl");

  REQUIRE(directory);
  struct stat status{};
  REQUIRE(::stat(directory->path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE_FIXTURE(Scratch, "a symbolic link in its place is refused") {
  REQUIRE(::symlink("/tmp", (path() + "/mcpctl").c_str()) == 0);

  const auto directory = RuntimeDir::open_at(path() + "/mcpctl");

  REQUIRE_FALSE(directory);
  CHECK(directory.error().message ==
        "cannot trust the directory " + path() + "/mcpctl: it is a symbolic link");
}

TEST_CASE_FIXTURE(Scratch, "a fleet's name cannot lead out of the directory") {
  const auto directory = RuntimeDir::open_at(path());
  REQUIRE(directory);

  CHECK(directory->socket_of("weather").value() == path() + "/weather.sock");
  for (const char* name : {"", ".", "..", "../x", "a/b", ".hidden", "a\nb"}) {
    CAPTURE(name);
    CHECK_FALSE(directory->socket_of(name));
  }
}

TEST_CASE_FIXTURE(Scratch, "a socket's path that the kernel would cut is an error with a way out") {
  const auto directory = RuntimeDir::open_at(path());
  REQUIRE(directory);

  const auto socket = directory->socket_of(std::string(90, 'x'));

  REQUIRE_FALSE(socket);
  CHECK(socket.error().message.find("107") != std::string::npos);
  CHECK(socket.error().message.find("choose a shorter \"name\"") != std::string::npos);
}

TEST_CASE_FIXTURE(Scratch, "only fleets that answer are running") {
  const auto directory = RuntimeDir::open_at(path());
  REQUIRE(directory);
  loop::Loop loop;
  {
    const auto alive =
        loop::Listener::unix_socket(loop, *directory->socket_of("alive"), {[](loop::Fd) {}, {}});
    REQUIRE(alive);
    const auto stale = *loop::Address::unix_path(*directory->socket_of("stale"));
    const loop::Fd abandoned{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(::bind(abandoned.get(), stale.raw(), stale.size()) == 0);

    CHECK(directory->running() == std::vector<std::string>{"alive"});
    CHECK(directory->presence_of("alive") == Presence::running);
    CHECK(directory->presence_of("stale") == Presence::abandoned);
    CHECK(directory->presence_of("neither") == Presence::none);
  }
}

TEST_CASE_FIXTURE(Scratch, "who was killed is waited for until nothing of him holds the socket") {
  const auto directory = RuntimeDir::open_at(path());
  REQUIRE(directory);
  const auto address = *loop::Address::unix_path(*directory->socket_of("dying"));
  loop::Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::bind(socket.get(), address.raw(), address.size()) == 0);
  const pid_t listener = ::fork();  // the kernel names who called listen(2)
  if (listener == 0) ::_exit(::listen(socket.get(), 8));
  siginfo_t end{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(listener), &end, WEXITED | WNOWAIT) == 0);
  REQUIRE(end.si_status == 0);

  // As its last thread would, somewhat later: after a first look.
  std::jthread last{[&] {
    const loop::Fd looked{::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    socket.reset();
  }};

  CHECK(directory->presence_of("dying") == Presence::abandoned);
  last.join();
  ::waitpid(listener, nullptr, 0);
}
