#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/connection.h"
#include "loop/connector.h"
#include "loop/listener.h"
#include "loop/resolver.h"
#include "loop/socket_lock.h"
#include "loop_fixture.h"

using namespace mcpctl;
using namespace mcpctl::loop;

namespace {

Address loopback(std::uint16_t port = 0) { return *Address::ip("127.0.0.1", port); }

/// Accepts everything and keeps it.
struct Accepting {
  std::vector<Fd> accepted;
  std::vector<std::string> troubles;
  std::optional<Listener> listener;

  Listener::Callbacks callbacks() {
    return {[this](Fd fd) { accepted.push_back(std::move(fd)); },
            [this](Error error) { troubles.push_back(std::move(error.message)); }};
  }
  Accepting(Loop& loop, const std::string& path) {
    auto opened = Listener::unix_socket(loop, path, callbacks());
    REQUIRE(opened);
    listener.emplace(std::move(*opened));
  }
  explicit Accepting(Loop& loop) {
    auto opened = Listener::tcp(loop, loopback(), callbacks());
    REQUIRE(opened);
    listener.emplace(std::move(*opened));
  }
};

/// A blocking client socket.
Fd connect_to(const Address& address) {
  Fd fd{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::connect(fd.get(), address.raw(), address.size()) == 0);
  return fd;
}

/// Both ends of a stream: ours on the loop, the peer's raw.
struct Pair {
  Fd peer;
  std::string data;
  int peer_closed{0};
  int drained{0};
  int ended{0};
  std::optional<Error> broken;
  std::optional<Connection> connection;

  explicit Pair(Loop& loop) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    peer.reset(ends[1]);
    open(loop, Fd{ends[0]});
  }
  Pair(Loop& loop, Fd ours, Fd theirs) : peer(std::move(theirs)) { open(loop, std::move(ours)); }

 private:
  void open(Loop& loop, Fd ours) {
    auto opened = Connection::open(
        loop, std::move(ours),
        {[this](std::string_view bytes) { data += bytes; }, [this] { ++peer_closed; },
         [this](Error error) { broken = std::move(error); }, [this] { ++drained; },
         [this] { ++ended; }});
    REQUIRE(opened);
    connection.emplace(std::move(*opened));
  }
};

void send_all(const Fd& fd, std::string_view bytes) {
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
}

std::string receive(const Fd& fd, std::size_t size, int flags = 0) {
  std::string bytes(size, '\0');
  const ssize_t got = ::recv(fd.get(), bytes.data(), size, flags);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace

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
    CHECK(run_until(loop, [&] { return accepting.accepted.size() == 1; }));
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
  CHECK(run_until(loop, [&] { return accepting.accepted.size() == 1; }));
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

  REQUIRE(run_until(loop, [&] { return std::filesystem::exists(path); }));
  const Fd client = connect_to(accepting.listener->address());
  CHECK(run_until(loop, [&] { return accepting.accepted.size() == 1; }));
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
  CHECK(run_until(loop, [&] { return accepting.accepted.size() == 1; }));
}

TEST_CASE("a listener may be destroyed while it accepts") {
  Loop loop;
  auto listener = std::make_unique<std::optional<Listener>>();
  auto opened = Listener::tcp(loop, loopback(), {[&](Fd) { listener.reset(); }, {}});
  const Address address = opened->address();
  listener->emplace(std::move(*opened));
  const Fd first = connect_to(address), second = connect_to(address);

  CHECK(run_until(loop, [&] { return listener == nullptr; }));
}

TEST_CASE("a paused listener leaves clients in the backlog") {
  Loop loop;
  Accepting accepting{loop};
  accepting.listener->pause();
  const Fd client = connect_to(accepting.listener->address());

  loop.run_ready();
  CHECK(accepting.accepted.empty());

  accepting.listener->resume();
  CHECK(run_until(loop, [&] { return accepting.accepted.size() == 1; }));
}

TEST_CASE("a unix peer is known by its credentials, a tcp peer is not") {
  Loop loop;
  Pair pair{loop};
  const auto peer = pair.connection->peer_credentials();
  REQUIRE(peer);
  CHECK(peer->pid == ::getpid());
  CHECK(peer->uid == ::geteuid());

  Accepting accepting{loop};
  Fd client = connect_to(accepting.listener->address());
  REQUIRE(run_until(loop, [&] { return !accepting.accepted.empty(); }));
  Pair tcp{loop, std::move(accepting.accepted[0]), std::move(client)};
  CHECK_FALSE(tcp.connection->peer_credentials());
}

TEST_CASE("a connection delivers bytes and then the peer's end") {
  Loop loop;
  Pair pair{loop};
  send_all(pair.peer, "hello");
  ::shutdown(pair.peer.get(), SHUT_WR);

  CHECK(run_until(loop, [&] { return pair.peer_closed == 1; }));

  CHECK(pair.data == "hello");
  CHECK(pair.connection->write("still open for writing"));
  CHECK(receive(pair.peer, 100) == "still open for writing");
}

TEST_CASE("a paused connection reads nothing but hears that its peer left, once") {
  Loop loop;
  Pair pair{loop};
  int turns = 0;
  loop.on_turn([&](std::chrono::microseconds) { ++turns; });
  pair.connection->pause();
  send_all(pair.peer, "unread");
  pair.peer.reset();

  Timer timer{loop};
  timer.arm(Duration{50}, [&] { loop.stop(); });
  loop.run();
  CHECK(pair.peer_closed == 1);
  CHECK(pair.data.empty());
  CHECK(turns <= 5);

  CHECK(pair.ended == 0);

  pair.connection->resume();
  CHECK(run_until(loop, [&] { return pair.ended == 1; }));
  CHECK(pair.data == "unread");
  CHECK(pair.peer_closed == 1);
}

TEST_CASE("what the peer does not take is queued and drains in order") {
  Loop loop;
  Pair pair{loop};
  const std::string big(3 << 20, 'x');

  CHECK(pair.connection->write(big));
  CHECK(pair.connection->queued() > 0);
  CHECK(pair.connection->write("end"));
  std::string got;
  while (got.size() < big.size() + 3) {
    got += receive(pair.peer, 1 << 20, MSG_DONTWAIT);
    loop.run_ready();
  }

  CHECK(got == big + "end");
  CHECK(pair.drained == 1);
  CHECK(pair.connection->queued() == 0);
  CHECK(pair.connection->sent() == got.size());
}

TEST_CASE("corked writes leave together") {
  Loop loop;
  Pair pair{loop};
  pair.connection->cork();
  pair.connection->write("a");
  pair.connection->write("b");
  CHECK(receive(pair.peer, 10, MSG_DONTWAIT).empty());

  pair.connection->uncork();

  CHECK(receive(pair.peer, 10) == "ab");
}

TEST_CASE("shutdown flushes first and then ends the stream") {
  Loop loop;
  Pair pair{loop};
  const std::string big(1 << 20, 'x');
  pair.connection->write(big);
  pair.connection->shutdown();
  CHECK_FALSE(pair.connection->write("late"));

  std::size_t got = 0;
  bool ended = false;
  while (!ended) {
    loop.run_ready();
    char buffer[65536];
    const ssize_t count = ::recv(pair.peer.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count > 0) got += static_cast<std::size_t>(count);
    ended = count == 0;
  }

  CHECK(got == big.size());
}

TEST_CASE("a broken connection is told from the loop, never from inside write") {
  Loop loop;
  Pair pair{loop};
  pair.connection->pause();
  pair.peer.reset();

  CHECK_FALSE(pair.connection->write("x"));
  CHECK_FALSE(pair.broken);

  CHECK(run_until(loop, [&] { return pair.broken.has_value(); }));
  CHECK(pair.connection->is_broken());
}

TEST_CASE("a tcp reset is told as a broken connection without spinning") {
  Loop loop;
  Accepting accepting{loop};
  Fd client = connect_to(accepting.listener->address());
  REQUIRE(run_until(loop, [&] { return !accepting.accepted.empty(); }));
  Pair pair{loop, std::move(accepting.accepted[0]), std::move(client)};
  SUBCASE("while reading") {}
  SUBCASE("while paused") { pair.connection->pause(); }
  const linger reset{1, 0};
  ::setsockopt(pair.peer.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  pair.peer.reset();

  CHECK(run_until(loop, [&] { return pair.broken.has_value(); }));
}

TEST_CASE("a connection may be destroyed while it delivers") {
  Loop loop;
  Pair pair{loop};
  std::optional<Connection> other;
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const Fd peer{ends[1]};
  auto opened = Connection::open(loop, Fd{ends[0]},
                                 {[&](std::string_view bytes) {
                                    other.reset();
                                    CHECK(bytes == "bye");
                                  },
                                  {},
                                  {},
                                  {},
                                  {}});
  other.emplace(std::move(*opened));
  send_all(peer, "bye");

  CHECK(run_until(loop, [&] { return !other.has_value(); }));
  CHECK(receive(peer, 1).empty());
}

TEST_CASE("a connector tries the addresses in order and reports the last error") {
  Loop loop;
  Accepting accepting{loop};
  const Address alive = accepting.listener->address();
  Address dead = alive;
  {
    Accepting gone{loop};
    dead = gone.listener->address();
  }
  std::optional<Result<Fd>> outcome;
  const auto keep = [&](Result<Fd> result) { outcome.emplace(std::move(result)); };

  {
    Connector connector{loop, {dead, alive}, keep};
    CHECK_FALSE(outcome);  // never from the constructor
    REQUIRE(run_until(loop, [&] { return outcome.has_value(); }));
    CHECK(outcome->has_value());
  }
  outcome.reset();
  Connector connector{loop, {dead}, keep};
  REQUIRE(run_until(loop, [&] { return outcome.has_value(); }));
  REQUIRE_FALSE(outcome->has_value());
  CHECK(outcome->error().message == "cannot connect to " + dead.text() + ": Connection refused");
}

TEST_CASE("a connector may be destroyed in its callback, and when destroyed early never calls") {
  Loop loop;
  Accepting accepting{loop};
  const Address address = accepting.listener->address();
  auto self = std::unique_ptr<Connector>{};
  self = std::make_unique<Connector>(loop, std::vector{address}, [&](Result<Fd>) { self.reset(); });
  {
    Connector early{loop, {address}, [](Result<Fd>) { FAIL("was destroyed"); }};
  }

  CHECK(run_until(loop, [&] { return self == nullptr; }));
}

TEST_CASE("addresses print as they are written") {
  CHECK(Address::ip("127.0.0.1", 80)->text() == "127.0.0.1:80");
  CHECK(Address::ip("[::1]", 80)->text() == "[::1]:80");
  CHECK(Address::ip("::1", 80)->is_loopback());
  CHECK_FALSE(Address::ip("10.0.0.1", 80)->is_loopback());
  CHECK_FALSE(Address::ip("localhost", 80).has_value());
  CHECK(Address::unix_path("/run/x.sock")->text() == "unix:/run/x.sock");
}

TEST_CASE("localhost resolves, and an impossible name is an error") {
  Loop loop;
  std::optional<Result<std::vector<Address>>> found, missing;
  Lookup good{loop, "localhost", 80,
              [&](Result<std::vector<Address>> result) { found = std::move(result); }};
  Lookup bad{loop, std::string(300, 'x'), 80,
             [&](Result<std::vector<Address>> result) { missing = std::move(result); }};
  {
    Lookup forgotten{loop, "localhost", 80, [](Result<std::vector<Address>>) { FAIL("gone"); }};
  }

  CHECK(run_until(loop, [&] { return found && missing; }));

  REQUIRE(found->has_value());
  CHECK((*found)->front().is_loopback());
  CHECK_FALSE(missing->has_value());
}
