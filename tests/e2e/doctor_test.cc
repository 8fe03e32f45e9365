// `mcpctl doctor` on this machine, with fleets that have something wrong.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

Outcome examine(Fleet& fleet, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"doctor", "-c", fleet.config_file()});
  return fleet.control(std::move(more));
}

/// A port of the loopback address that somebody listens on: this test.
struct TakenPort {
  int socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int number{0};
  TakenPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket, 1) == 0);
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    number = ntohs(address.sin_port);
  }
  ~TakenPort() { ::close(socket); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
};

}  // namespace

TEST_CASE("doctor finds nothing wrong with a fleet that runs") {
  Fleet fleet{Json{{"math", misbehaving({})}}, quick()};

  const Outcome outcome = examine(fleet);

  INFO(outcome.out);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.find("ok       commands") != std::string::npos);
  CHECK(outcome.out.find("0 problems, ") != std::string::npos);
}

TEST_CASE("doctor names what is missing, in the way, or unset, and what to do") {
  const TakenPort taken;
  const std::string url = "http://127.0.0.1:" + std::to_string(taken.number) + "/mcp";
  Json weather = misbehaving({});
  weather["url"] = url;
  Json lost = misbehaving({});
  lost["cwd"] = "no-such-folder";
  Fleet fleet{Json{{"gone", {{"command", "no-such-program"}}},
                   {"weather", weather},
                   {"lost", lost},
                   {"cold", {{"command", "npx"}, {"args", {"-y", "@example/never-published@1.0"}}}},
                   {"unset", {{"command", "sh"}, {"env", {{"TOKEN", "${NOT_SET_ANYWHERE}"}}}}}},
              quick()};

  const Outcome outcome = examine(fleet, {"--json"});

  CHECK(outcome.exit_code == 1);
  const Json report = Json::parse(outcome.out);
  CHECK(report["ok"] == false);
  const auto says = [&](const std::string& level, const std::string& server,
                        const std::string& text) {
    for (const Json& finding : report["findings"]) {
      if (finding["level"] == level && finding["server"] == server &&
          finding["text"].get<std::string>().find(text) != std::string::npos) {
        return !finding["advice"].is_null();
      }
    }
    return false;
  };
  INFO(outcome.out);
  CHECK(says("problem", "gone", "no-such-program not found in PATH="));
  CHECK(says("problem", "weather", "is taken by "));
  CHECK(says("problem", "weather", "(pid " + std::to_string(::getpid()) + ")"));
  CHECK(says("problem", "lost", "no-such-folder is not there"));
  CHECK(says("warning", "cold", "@example/never-published is not in npx's cache"));
  CHECK(says("problem", "unset", "NOT_SET_ANYWHERE"));
}

TEST_CASE("doctor disturbs nothing of a fleet that runs") {
  Fleet fleet{Json{{"math", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("math", "ready");
  const pid_t math = fleet.pid("math");

  CHECK(examine(fleet).exit_code == 0);

  CHECK(fleet.pid("math") == math);
  CHECK(fleet.stop().exit_code == 0);
}
