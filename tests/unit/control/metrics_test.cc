#include "control/metrics.h"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

using namespace mcpctl;
using namespace mcpctl::control;

namespace {

runtime::FleetStatus fleet() {
  runtime::FleetStatus status;
  status.fleet = "f";
  runtime::ServerStatus up;
  up.name = "a";
  up.state = supervisor::State::ready;
  up.goal = supervisor::Goal::up;
  up.pid = 7;
  up.memory_bytes = 2048;
  up.cpu_ms = 1500;
  up.restarts = 3;
  runtime::ServerStatus down;
  down.name = "say \"hi\"\\\n";
  down.state = supervisor::State::failed;
  down.last_exit = supervisor::ExitStatus{.signal = 9};
  status.servers = {up, down};
  return status;
}

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics tell what runs, what it costs and how often it came back") {
  const std::string page = metrics(fleet(), {});

  CHECK(has_line(page, "mcpctl_server_up{server=\"a\"} 1"));
  CHECK(has_line(page, "mcpctl_server_ready{server=\"a\"} 1"));
  CHECK(has_line(page, "mcpctl_server_restarts_total{server=\"a\"} 3"));
  CHECK(has_line(page, "mcpctl_server_memory_bytes{server=\"a\"} 2048"));
  CHECK(has_line(page, "mcpctl_server_cpu_seconds_total{server=\"a\"} 1.5"));
  CHECK(has_line(page, "mcpctl_server_state{server=\"a\",state=\"ready\"} 1"));
  CHECK(has_line(page, "mcpctl_server_state{server=\"a\",state=\"failed\"} 0"));
  CHECK(has_line(page, "mcpctl_fleet_ready 0"));
}

TEST_CASE("a server without a process has no memory, rather than none of it") {
  const std::string page = metrics(fleet(), {});

  CHECK(page.find("mcpctl_server_memory_bytes{server=\"say") == std::string::npos);
}

TEST_CASE("names are escaped as the format wants it") {
  const std::string page = metrics(fleet(), {});

  CHECK(has_line(page, R"(mcpctl_server_last_exit_signal{server="say \"hi\"\\\n"} 9)"));
}

TEST_CASE("every sample belongs to a family that was introduced, once") {
  std::istringstream page{metrics(fleet(), {})};
  std::set<std::string> families;
  std::string family;
  for (std::string line; std::getline(page, line);) {
    CAPTURE(line);
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK(families.insert(family).second);
    } else if (line.starts_with("# TYPE ")) {
      CHECK(line.starts_with("# TYPE " + family + " "));
    } else {
      CHECK(line.starts_with(family));
    }
  }
  CHECK(families.size() > 20);
}

TEST_CASE("the supervisor knows its own cost") {
  const OwnUsage own = OwnUsage::of_this_process();

  CHECK(own.resident_bytes > 100'000);
  CHECK(own.descriptors >= 3);
  CHECK(own.started_unix_seconds > 1.6e9);
}
