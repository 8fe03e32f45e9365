// One supervisor per fleet, reached through a socket that nobody else can use; and
// servers that are reached over HTTP.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

mode_t permissions(const std::string& path) {
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("a second run of the same fleet is refused and disturbs nothing") {
  Fleet fleet{Json{{"only", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("only", "ready");
  const pid_t pid = fleet.pid("only");

  const Outcome second = fleet.control({"run", "-c", fleet.config_file()});

  CHECK(second.exit_code == 1);
  CHECK(second.err.find("is already running") != std::string::npos);
  CHECK(fleet.pid("only") == pid);
  CHECK(fleet.processes().size() == 1);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("of many that start at once exactly one runs the fleet") {
  Fleet fleet{Json{{"only", misbehaving({})}}, quick()};
  fleet.start();
  Launch rival{{mcpctl_binary, "run", "-c", fleet.config_file()},
               fleet.folder(),
               plain_environment(fleet.folder()),
               {},
               {},
               false};
  rival.env.emplace_back("XDG_RUNTIME_DIR", fleet.file("run"));
  std::vector<std::unique_ptr<Program>> rivals;
  for (int i = 0; i < 5; ++i) rivals.push_back(std::make_unique<Program>(rival));

  // Whoever wins: all but one go.
  int running = 0;
  CHECK(eventually([&] {
    running = fleet.program().is_running() ? 1 : 0;
    for (const auto& each : rivals) running += each->is_running() ? 1 : 0;
    return running == 1;
  }));
  fleet.await("only", "ready");

  CHECK(fleet.processes().size() == 1);
  for (const auto& each : rivals) each->signal(SIGTERM);
  fleet.program().signal(SIGTERM);
  for (const auto& each : rivals) CHECK(each->wait().has_value());
  fleet.stop(0);
}

TEST_CASE("a stale socket is replaced; the door is private and goes with the supervisor") {
  Fleet fleet{Json{{"only", misbehaving({})}}, quick()};
  ::mkdir(fleet.file("run/mcpctl").c_str(), 0700);
  REQUIRE(leave_stale_socket(fleet.socket()));
  REQUIRE(::access(fleet.socket().c_str(), F_OK) == 0);

  fleet.start();
  fleet.await("only", "ready");

  CHECK(permissions(fleet.socket()) == 0600);
  CHECK(permissions(fleet.file("run/mcpctl")) == 0700);
  CHECK(fleet.stop().exit_code == 0);
  CHECK(::access(fleet.socket().c_str(), F_OK) != 0);
}

TEST_CASE("commands about a fleet that does not run say so and exit 4") {
  Fleet fleet{Json{{"only", misbehaving({})}}};

  for (const char* command : {"ps", "stop", "reload", "down", "logs", "wait"}) {
    const Outcome outcome = fleet.control({command, "-c", fleet.config_file()});
    CAPTURE(command);
    CHECK(outcome.exit_code == 4);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find("no fleet is running") != std::string::npos);
  }
}

TEST_CASE("down ends a fleet; up starts one in the background and waits for it") {
  Fleet fleet{Json{{"polite", misbehaving({})}, {"stubborn", misbehaving({"stubborn", "daemon"})}},
              quick("200ms")};

  const Outcome up = fleet.control({"up", fleet.config_file()});
  CAPTURE(up.err);
  CHECK(up.exit_code == 0);
  CHECK(fleet.state("polite") == "ready");
  CHECK(fleet.state("stubborn") == "ready");
  const pid_t pid = fleet.pid("polite");
  CHECK(fleet.control({"up", fleet.config_file()}).exit_code == 0);
  CHECK(fleet.pid("polite") == pid);
  const Outcome down = fleet.control({"down", "-c", fleet.config_file()});

  CHECK(down.exit_code == 0);
  fleet.expect_nothing_left();
}

TEST_CASE("an HTTP server gets a free port, is ready over HTTP, and keeps no port when killed") {
  const Json weather{{"command", MCPCTL_BINARY_DIR "/examples/weather"},
                     {"url", "http://127.0.0.1:${PORT}/mcp"},
                     {"env", {{"PORT", "${PORT}"}}},
                     {"x-mcpctl", {{"port", 0}}}};
  Fleet fleet{Json{{"weather-1", weather}, {"weather-2", weather}}, quick()};
  fleet.start();
  fleet.await_all("ready");
  fleet.await_that("weather-1", [](const Json& server) { return !server["tools"].empty(); });

  const Json one = fleet.server("weather-1");
  const Json two = fleet.server("weather-2");
  CHECK(one["transport"] == "http");
  CHECK(one["port"].get<int>() > 0);
  CHECK(one["port"] != two["port"]);
  CHECK(one["url"] == "http://127.0.0.1:" + std::to_string(one["port"].get<int>()) + "/mcp");
  CHECK(one["server_info"]["name"] == "weather");
  const pid_t pid = fleet.pid("weather-1");
  ::kill(pid, SIGKILL);
  fleet.await_restart("weather-1", pid);

  CHECK(fleet.pid("weather-2") == two["pid"].get<pid_t>());
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("wait returns when all is ready, and at once when a server has failed") {
  Fleet fleet{
      Json{{"slow", misbehaving({"slow-start", "--start-delay=500"})}, {"other", misbehaving({})}},
      quick()};
  fleet.start();
  fleet.await("other", "ready");

  const Outcome ready = fleet.control({"wait", "--for", "ready", "--timeout", "20s"});
  CHECK(ready.exit_code == 0);
  CHECK(fleet.state("slow") == "ready");
  const Outcome failed = fleet.control({"wait", "--for", "failed", "--timeout", "300ms"});

  CHECK(failed.exit_code == 1);
  CHECK(fleet.stop().exit_code == 0);
}
