#include "loop/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "loop/socket_lock.h"
#include "loop_fixture.h"
#include "sockets.h"

using namespace mcpctl;
using namespace mcpctl::loop;
using namespace mcpctl::loop::testing;

TEST_CASE("a unix socket accepts, is private, and is gone with its listener") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "x.sock";
  const mode_t before = ::umask(0);
  {
    Accepting accepting{loop, path};
    ::umask(before);
    struct stat made{};
    REQUIRE(::lstat(path.c_str(), &made) == 0);
    CHECK((made.st_mode & 0777) == 0600);

    const Fd client = connect_to(accepting.listener->address());
    CHECK(turn_until(loop, [&] { return accepting.accepted.size() == 1; }));
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("an umask that takes everything does not lock us out of our own socket") {
  Loop loop;
  TemporaryDirectory directory;
  const mode_t before = ::umask(0777);
  Accepting accepting{loop, directory / "x.sock"};
  ::umask(before);

  struct stat made{};
  REQUIRE(::lstat((directory / "x.sock").c_str(), &made) == 0);
  CHECK((made.st_mode & 0777) == 0600);
}

TEST_CASE("a stale socket file is replaced") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "x.sock";
  {
    const Fd dead{::socket(AF_UNIX, SOCK_STREAM, 0)};
    const auto address = Address::unix_path(path);
    REQUIRE(::bind(dead.get(), address->raw(), address->size()) == 0);
    REQUIRE(::listen(dead.get(), 1) == 0);
  }
  REQUIRE(std::filesystem::exists(path));

  Accepting accepting{loop, path};

  const Fd client = connect_to(accepting.listener->address());
  CHECK(turn_until(loop, [&] { return accepting.accepted.size() == 1; }));
}

TEST_CASE("a live socket is never replaced") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "x.sock";
  const Fd live{::socket(AF_UNIX, SOCK_STREAM, 0)};
  const auto address = Address::unix_path(path);
  REQUIRE(::bind(live.get(), address->raw(), address->size()) == 0);
  REQUIRE(::listen(live.get(), 1) == 0);

  const auto refused = Listener::unix_socket(loop, path, {[](Fd) {}, {}});

  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "cannot listen on " + path + ": another process already accepts there");
  CHECK(connect_to(*address));
}

TEST_CASE("a second supervisor on the same path is refused by the lock") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "x.sock";
  Accepting first{loop, path};

  const auto second = Listener::unix_socket(loop, path, {[](Fd) {}, {}});

  REQUIRE_FALSE(second);
  CHECK(second.error().message ==
        "cannot listen on " + path + ": another process holds " + path + ".lock");
}

TEST_CASE("a file of another kind, or a link, at the socket's path is refused and kept") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "x.sock";

  SUBCASE("a regular file") { std::ofstream{path} << "kept"; }
  SUBCASE("a symbolic link") { std::filesystem::create_symlink("/nowhere", path); }
  const auto refused = Listener::unix_socket(loop, path, {[](Fd) {}, {}});

  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "cannot listen on " + path + ": the file there is not a socket");
  CHECK(std::filesystem::symlink_status(path).type() != std::filesystem::file_type::not_found);
}

TEST_CASE("a planted link in place of the lock file is not followed") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "x.sock";
  std::filesystem::create_symlink(directory / "victim", path + ".lock");

  const auto refused = Listener::unix_socket(loop, path, {[](Fd) {}, {}});

  REQUIRE_FALSE(refused);
  CHECK_FALSE(std::filesystem::exists(directory / "victim"));
}

TEST_CASE("a path that is too long for a unix socket is refused with its length") {
  Loop loop;
  const std::string path = "/tmp/" + std::string(103, 'x');
  const auto refused = Listener::unix_socket(loop, path, {[](Fd) {}, {}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "cannot use " + path + " as a unix socket: the path has 108 bytes, the limit is 107");
}

TEST_CASE("a directory that does not exist is named") {
  Loop loop;
  const auto refused = Listener::unix_socket(loop, "/nowhere/x.sock", {[](Fd) {}, {}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "cannot open the lock file /nowhere/x.sock.lock: No such file or directory");
}

TEST_CASE("a socket file that was deleted is made anew") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory / "x.sock";
  Accepting accepting{loop, path};

  SUBCASE("the file") { std::filesystem::remove(path); }
  SUBCASE("the file and its lock") {
    std::filesystem::remove(path);
    std::filesystem::remove(path + ".lock");
  }
  SUBCASE("the whole directory") { std::filesystem::remove_all(directory.path()); }

  REQUIRE(turn_until(loop, [&] { return std::filesystem::exists(path); }));
  const Fd client = connect_to(accepting.listener->address());
  CHECK(turn_until(loop, [&] { return accepting.accepted.size() == 1; }));
  CHECK(std::filesystem::exists(path + ".lock"));
  CHECK(accepting.troubles.empty());
}

TEST_CASE("a private directory is made 0700 and a foreign or open one is refused") {
  TemporaryDirectory directory;
  const std::string made = directory / "run";

  REQUIRE(make_private_directory(made));
  CHECK((std::filesystem::status(made).permissions() & std::filesystem::perms::mask) ==
        std::filesystem::perms::owner_all);
  CHECK(make_private_directory(made));

  ::chmod(made.c_str(), 0770);
  CHECK(make_private_directory(made).error().message ==
        "cannot trust the directory " + made + ": others may write to it");
  std::filesystem::create_symlink(made, directory / "link");
  CHECK(make_private_directory(directory / "link").error().message ==
        "cannot trust the directory " + (directory / "link") + ": it is a symbolic link");
}

TEST_CASE("tcp listens on a free port and says which; a taken one is an error") {
  Loop loop;
  Accepting accepting{loop};
  const Address address = accepting.listener->address();
  CHECK(address.port() != 0);

  const auto second = Listener::tcp(loop, address, {[](Fd) {}, {}});
  REQUIRE_FALSE(second);
  CHECK(second.error().message ==
        "cannot listen on " + address.text() + ": Address already in use");
}

TEST_CASE("out of descriptors, waiting clients are closed at once and the loop does not spin") {
  Loop loop;
  Accepting accepting{loop};
  int turns = 0;
  // A child process makes the connections: this one has no descriptors for them.
  const Address address = accepting.listener->address();
  int start[2];
  REQUIRE(::pipe2(start, O_CLOEXEC) == 0);
  const Fd may_start{start[0]};
  const Fd starting_gun{start[1]};
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(20);  // whatever happens, it does not outlive the test by much
    char go = 0;
    if (::read(may_start.get(), &go, 1) != 1) ::_exit(0);
    int closed = 0;
    for (int i = 0; i < 5; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
      char byte = 0;
      if (::connect(fd, address.raw(), address.size()) == 0 && ::read(fd, &byte, 1) <= 0) ++closed;
      ::close(fd);
    }
    ::_exit(closed);
  }
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  Timer wait{loop};
  loop.run_ready();  // everything that libuv opens lazily is open now
  const int next_free = ::dup(0);
  ::close(next_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next_free);
  ::setrlimit(RLIMIT_NOFILE, &none);
  REQUIRE(::write(starting_gun.get(), "g", 1) == 1);

  int status = 0;
  const Instant give_up = loop.now() + Duration{5000};
  while (loop.now() < give_up && ::waitpid(child, &status, WNOHANG) == 0) {
    wait.arm(Duration{20}, [] {});
    loop.run_once();
    ++turns;
  }
  ::setrlimit(RLIMIT_NOFILE, &before);

  CHECK(WEXITSTATUS(status) == 5);
  CHECK(accepting.accepted.empty());
  CHECK(accepting.listener->refused() == 5);
  CHECK(accepting.troubles.size() == 1);
  CHECK(turns < 60);
  const Fd client = connect_to(address);
  CHECK(turn_until(loop, [&] { return accepting.accepted.size() == 1; }));
}

TEST_CASE("a listener may be destroyed while it accepts") {
  Loop loop;
  auto listener = std::make_unique<std::optional<Listener>>();
  auto opened = Listener::tcp(loop, loopback(), {[&](Fd) { listener.reset(); }, {}});
  const Address address = opened->address();
  listener->emplace(std::move(*opened));
  const Fd first = connect_to(address), second = connect_to(address);

  CHECK(turn_until(loop, [&] { return listener == nullptr; }));
}

TEST_CASE("a paused listener leaves clients in the backlog") {
  Loop loop;
  Accepting accepting{loop};
  accepting.listener->pause();
  const Fd client = connect_to(accepting.listener->address());

  loop.run_ready();
  CHECK(accepting.accepted.empty());

  accepting.listener->resume();
  CHECK(turn_until(loop, [&] { return accepting.accepted.size() == 1; }));
}
