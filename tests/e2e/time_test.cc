// Time that does not pass as usual: the wall clock is set, the supervisor is stopped
// for a while, systemd watches its heart-beat.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

bool went(Fleet& fleet, const std::string& server, const std::string& state) {
  for (const Json& transition : fleet.transitions()) {
    if (transition["server"] == server && transition["to"] == state) return true;
  }
  return false;
}

/// Asks every 200 ms, so that a wrong clock shows at once.
Json probed() {
  Json ours = quick();
  ours["defaults"]["liveness"] = {{"interval", "200ms"}, {"timeout", "400ms"}, {"failures", 2}};
  return ours;
}

/// The file that shift_clock.cc reads.
void set_shift(const std::string& file, std::chrono::seconds shift) {
  const std::int64_t seconds = shift.count();
  write_file(file, std::string{reinterpret_cast<const char*>(&seconds), sizeof seconds});
}

/// As write_file, but in place: the file is mapped.
void change_shift(const std::string& file, std::chrono::seconds shift) {
  const std::int64_t seconds = shift.count();
  std::FILE* out = std::fopen(file.c_str(), "r+b");
  REQUIRE(out != nullptr);
  std::fwrite(&seconds, sizeof seconds, 1, out);
  std::fclose(out);
}

/// systemd's end of NOTIFY_SOCKET.
class SystemdSocket {
 public:
  explicit SystemdSocket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~SystemdSocket() { ::close(fd_); }
  SystemdSocket(const SystemdSocket&) = delete;
  SystemdSocket& operator=(const SystemdSocket&) = delete;

  /// Every message so far, oldest first.
  const std::vector<std::string>& heard() {
    char buffer[4096];
    for (ssize_t length = 0; (length = ::recv(fd_, buffer, sizeof buffer, 0)) >= 0;) {
      messages_.emplace_back(buffer, static_cast<std::size_t>(length));
    }
    return messages_;
  }
  std::size_t count(std::string_view part) {
    std::size_t found = 0;
    for (const std::string& message : heard()) found += message.find(part) != std::string::npos;
    return found;
  }
  void await(std::string_view part) {
    REQUIRE_MESSAGE(eventually([&] { return count(part) > 0; }), "never heard ", std::string{part});
  }

 private:
  int fd_{-1};
  std::vector<std::string> messages_;
};

}  // namespace

TEST_CASE("a wall clock that jumps a year moves no restart, no probe and no watchdog") {
  if (sanitizer_cost != 1) {
    MESSAGE("skipped: a sanitizer's runtime must be loaded before ours");
    return;
  }
  constexpr auto year = std::chrono::hours{24 * 365};
  for (const auto jump : {year, -year}) {
    Json ours = probed();
    ours["defaults"]["backoff"] = {{"initial", "1500ms"}, {"max", "1500ms"}};
    const Json watchdog{{"readiness", "notify"},
                        {"liveness", {{"method", "notify"}, {"interval", "400ms"}}}};
    Fleet fleet{Json{{"steady", misbehaving({})},
                     {"fed", companion({"notify", "watchdog", "--interval=50"}, watchdog)},
                     {"dying", misbehaving({"exit-in-handshake"})}},
                ours};
    const std::string shift = fleet.file("shift");
    set_shift(shift, 0s);
    fleet.set_variable("SHIFT_CLOCK", shift);
    fleet.set_variable("LD_PRELOAD", MCPCTL_SHIFT_CLOCK);
    fleet.start();
    fleet.await("steady", "ready");
    fleet.await("fed", "ready");
    fleet.await("dying", "backoff");
    const long before = fleet.transitions().back()["unix_ms"].get<long>();
    const auto incarnation = fleet.server("dying")["incarnation"].get<long>();

    const auto start = Clock::now();
    change_shift(shift, jump);
    fleet.await_that("dying", [&](const Json& server) {
      return server["incarnation"].get<long>() > incarnation;
    });
    const Milliseconds until_next_start = since(start);

    // The default jitter is a fifth; it was some moments into its delay already.
    CHECK(until_next_start < 4'000ms);
    fleet.await("dying", "backoff");
    const long after = fleet.transitions().back()["unix_ms"].get<long>();
    const auto moved = std::chrono::milliseconds{after - before};
    CHECK(std::chrono::abs(moved - jump) < 60s);  // the jump was really seen
    CHECK(stays([&] { return fleet.server("dying")["incarnation"] <= incarnation + 3; }, 1'500ms));
    for (const char* name : {"steady", "fed"}) {
      CAPTURE(name);
      CHECK(fleet.server(name)["restarts"] == 0);
      CHECK_FALSE(went(fleet, name, "degraded"));
    }
    // Nobody asks it anything now: only a timer that runs in circles would keep it busy.
    const auto spent = cpu_ms(fleet.supervisor());
    std::this_thread::sleep_for(1s);  // what is measured is this very time
    CHECK(cpu_ms(fleet.supervisor()) - spent < 250);
    CHECK(fleet.stop().exit_code == 0);
  }
}

TEST_CASE("a supervisor that was stopped for seconds declares nobody dead when it goes on") {
  const Json watchdog{{"readiness", "notify"},
                      {"liveness", {{"method", "notify"}, {"interval", "1s"}}}};
  Fleet fleet{Json{{"fed", companion({"notify", "watchdog", "--interval=100"}, watchdog)},
                   {"asked", misbehaving({})},
                   {"modern", misbehaving({"modern"})},
                   {"starting", misbehaving({"slow-start", "--start-delay=3000"},
                                            {{"readiness", {{"timeout", "4s"}}}})}},
              probed()};
  fleet.start();
  for (const char* name : {"fed", "asked", "modern"}) fleet.await(name, "ready");
  fleet.await("starting", "starting");

  ::kill(fleet.supervisor(), SIGSTOP);
  std::this_thread::sleep_for(5s);  // no event: that nothing happens is the point
  ::kill(fleet.supervisor(), SIGCONT);

  fleet.await("starting", "ready");
  CHECK(stays([&] { return fleet.status()["servers"].size() == 4; }, 2'000ms));
  for (const char* name : {"fed", "asked", "modern", "starting"}) {
    CAPTURE(name);
    CHECK(fleet.state(name) == "ready");
    CHECK(fleet.server(name)["incarnation"] == 1);
    CHECK_FALSE(went(fleet, name, "degraded"));
  }
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("systemd hears READY, STATUS, a beat that stops with the loop, and STOPPING") {
  Fleet fleet{Json{{"good", misbehaving({})}, {"bad", Json{{"command", "no-such-command"}}}},
              quick()};
  SystemdSocket systemd{fleet.file("notify")};
  fleet.set_variable("NOTIFY_SOCKET", fleet.file("notify"));
  fleet.set_variable("WATCHDOG_USEC", "400000");
  fleet.start();
  fleet.await("good", "ready");

  systemd.await("READY=1");
  systemd.await("STATUS=1 of 2 servers ready; failed: bad");
  const std::size_t beats = systemd.count("WATCHDOG=1");
  CHECK(eventually([&] { return systemd.count("WATCHDOG=1") >= beats + 5; }, 4s));

  // A loop that hangs must miss its beats, whatever the warden does.
  ::kill(fleet.supervisor(), SIGSTOP);
  systemd.heard();
  CHECK(stays(
      [&, last = systemd.count("WATCHDOG=1") + 1] { return systemd.count("WATCHDOG=1") <= last; },
      1'000ms));
  ::kill(fleet.supervisor(), SIGCONT);

  const std::size_t later = systemd.count("WATCHDOG=1");
  CHECK(eventually([&] { return systemd.count("WATCHDOG=1") > later; }, 4s));
  CHECK(systemd.count("STOPPING=1") == 0);
  CHECK(fleet.stop().exit_code == 0);
  CHECK(systemd.count("STOPPING=1") == 1);
  CHECK(systemd.count("READY=1") == 1);
}
