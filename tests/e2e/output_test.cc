// Whatever servers write, and wherever it goes: memory stays bounded, the others are
// not disturbed, and no server is blocked or ended by a broken log.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;
namespace fs = std::filesystem;

namespace {

std::uint64_t bytes_below(const std::string& folder) {
  std::uint64_t sum = 0;
  std::error_code gone;
  for (const auto& entry : fs::recursive_directory_iterator{folder, gone}) {
    const std::uint64_t size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) sum += size;
  }
  return sum;
}

std::size_t files_below(const std::string& folder) {
  const fs::directory_iterator entries{folder};
  return static_cast<std::size_t>(std::distance(fs::begin(entries), fs::end(entries)));
}

long log_bytes(const Json& server) { return server["log"]["bytes"].get<long>(); }

}  // namespace

TEST_CASE("floods of 200 MB, also without a newline, move neither memory nor the neighbours") {
  // A sanitized supervisor reads a few megabytes a second, not hundreds.
  constexpr long share = sanitizer_cost == 1 ? 1 : 20;
  constexpr long flood = 200'000'000 / share;
  constexpr long endless = 100'000'000 / share;
  constexpr long out = 50'000'000 / share;
  const auto bytes = [](long count) { return "--bytes=" + std::to_string(count); };
  Json ours = quick();
  ours["logs"] = {{"dir", "logs"}, {"maxSize", "1MiB"}, {"keep", 2}};
  Fleet fleet{Json{{"quiet", misbehaving({})},
                   {"flood", misbehaving({"flood-stderr", bytes(flood), "--line=512"})},
                   {"endless", misbehaving({"endless-line", bytes(endless)})},
                   {"stdout", companion({"flood-stdout", bytes(out)})}},
              ours};
  // What run shows of it would fill the disk with as much again.
  fleet.start({}, {"sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"});
  fleet.await_all("ready");

  std::uint64_t most = 0;
  Milliseconds slowest{0};
  fleet.await_that("flood", [&](const Json& server) {
    most = std::max(most, resident_bytes(fleet.supervisor()));
    const auto start = Clock::now();
    CHECK(fleet.request("GET", "/livez") == "ok\n");
    slowest = std::max(slowest, since(start));
    return log_bytes(server) >= flood;
  });
  fleet.await_that("endless", [](const Json& server) { return log_bytes(server) >= endless; });
  fleet.await_that("stdout", [](const Json& server) { return log_bytes(server) >= out; });

  CHECK(most < modest_memory);
  CHECK(slowest < 1s * sanitizer_cost);
  for (const char* name : {"quiet", "flood", "endless", "stdout"}) {
    CAPTURE(name);
    CHECK(fleet.state(name) == "ready");
    CHECK(fleet.server(name)["restarts"] == 0);
  }
  // Three files of a server and what stands in the last: never 200 MB.
  CHECK(files_below(fleet.file("logs")) >= 4);
  CHECK(bytes_below(fleet.file("logs")) < (16u << 20));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a hundred megabytes on stdout are no message, and cost no memory") {
  Fleet fleet{Json{{"endless",
                    misbehaving({"endless-stdout", "--bytes=100000000"}, {{"restart", "never"}})},
                   {"noise", misbehaving({"flood-stdout", "--bytes=5000000", "--line=64"})},
                   {"quiet", misbehaving({})}},
              quick()};
  fleet.start();
  fleet.await("quiet", "ready");

  std::uint64_t most = 0;
  fleet.await_that("endless", [&](const Json& server) {
    most = std::max(most, resident_bytes(fleet.supervisor()));
    return server["garbage_lines"].get<long>() > 0 || server["state"] == "failed";
  });
  fleet.await("noise", "ready");

  CHECK(most < modest_memory);
  CHECK(fleet.server("noise")["garbage_lines"].get<long>() > 1000);
  CHECK(fleet.server("quiet")["restarts"] == 0);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("closed streams end an MCP server's service but never spin the supervisor") {
  Fleet fleet{Json{{"closed", companion({"close-stdio"})}, {"mute", misbehaving({"close-stdout"})}},
              quick()};
  fleet.start();
  fleet.await("closed", "ready");
  const pid_t closed = fleet.pid("closed");
  fleet.await_that("mute", [](const Json& server) { return server["state"] != "ready"; });

  const auto before = cpu_ms(fleet.supervisor());
  CHECK(stays([&] { return is_alive(closed); }, 1'000ms));

  CHECK(cpu_ms(fleet.supervisor()) - before < 500);
  CHECK(fleet.pid("closed") == closed);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("binary noise on stderr is shown as valid JSON") {
  Fleet fleet{Json{{"noisy", misbehaving({"binary-stderr"})}}, quick()};
  fleet.start();
  fleet.await_that("noisy", [](const Json& server) { return server["stderr_tail"].size() == 5; });

  const Outcome ps = fleet.control({"ps", "--json"});

  CHECK(ps.exit_code == 0);
  CHECK_FALSE(Json::parse(ps.out, nullptr, false).is_discarded());
  const Outcome logs = fleet.control({"logs", "noisy"});
  CHECK(logs.out.find('\0') == std::string::npos);
  CHECK(logs.out.find('\x1b') == std::string::npos);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a log folder that disappears, or a FIFO in its place, ends no server") {
  Json ours = quick();
  ours["logs"] = {{"dir", "logs"}};
  Fleet fleet{Json::object(), ours};
  fs::create_directory(fleet.file("logs"));
  REQUIRE(::mkfifo(fleet.file("logs/fifo.log").c_str(), 0600) == 0);
  const std::vector<std::string> talks{"noisy-start", "--start-delay=1500", "--interval=50"};
  fleet.servers()["gone"] = misbehaving(talks);
  fleet.servers()["fifo"] = misbehaving(talks);
  fleet.write();
  fleet.start();
  REQUIRE(eventually([&] { return fs::exists(fleet.file("logs/gone.log")); }));

  fs::remove_all(fleet.file("logs"));
  fleet.await("gone", "ready");
  fleet.await("fifo", "ready");

  CHECK(fleet.server("gone")["incarnation"] == 1);
  CHECK(fleet.server("fifo")["incarnation"] == 1);
  CHECK(log_bytes(fleet.server("gone")) > 200);
  CHECK(log_bytes(fleet.server("fifo")) > 200);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("SIGUSR1 opens the log files anew after somebody moved them") {
  Json ours = quick();
  ours["logs"] = {{"dir", "logs"}};
  Fleet fleet{Json{{"talker", misbehaving({"log-line", "--text=first words"})}}, ours};
  const std::string log = fleet.file("logs/talker.log");
  fleet.start();
  fleet.await("talker", "ready");
  REQUIRE(eventually([&] { return read_file(log).find("first words") != std::string::npos; }));

  fs::rename(log, log + ".moved");
  fleet.program().signal(SIGUSR1);

  REQUIRE(eventually([&] {
    if (!fs::exists(log)) ::kill(fleet.pid("talker"), SIGKILL);  // its next life talks again
    return read_file(log).find("first words") != std::string::npos;
  }));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a closed stdout of mcpctl itself ends nothing") {
  Fleet fleet{Json{{"steady", misbehaving({"log-line"})}}, quick()};

  fleet.start({}, {"sh", "-c", "exec \"$@\" >&- 2>&-", "sh"});
  fleet.await("steady", "ready");
  const pid_t first = fleet.pid("steady");
  ::kill(first, SIGKILL);

  fleet.await_restart("steady", first);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a reader of mcpctl's output that went away ends nothing") {
  Fleet fleet{Json{{"steady", misbehaving({"log-line"})}}, quick()};
  const std::string fifo = fleet.file("output");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  fleet.start({}, {"sh", "-c", "exec \"$@\" >output 2>&1", "sh"});
  fleet.await("steady", "ready");
  const pid_t first = fleet.pid("steady");

  ::close(reader);
  ::kill(first, SIGKILL);

  fleet.await_restart("steady", first);
  CHECK(fleet.stop().exit_code == 0);
}
