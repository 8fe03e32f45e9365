// What a fleet costs that does nothing: nothing.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

/// How often the threads of a process have gone to sleep since they began: each time
/// something had woken them.
std::uint64_t sleeps(pid_t process) {
  std::uint64_t sum = 0;
  const std::string tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& thread : std::filesystem::directory_iterator{tasks}) {
    std::ifstream status{thread.path() / "status"};
    for (std::string word; status >> word;) {
      std::uint64_t count = 0;
      if (word == "voluntary_ctxt_switches:" && status >> count) sum += count;
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("twenty idle servers wake neither the supervisor nor its warden") {
  Json ours = quick();
  ours["defaults"]["liveness"] = "none";  // else each probe is a wakeup, and meant to be
  Json servers = Json::object();
  for (int i = 0; i < 10; ++i) {
    servers["mcp" + std::to_string(i)] = misbehaving({});
    servers["companion" + std::to_string(i)] = companion({});
  }
  Fleet fleet{servers, ours};
  fleet.start();
  fleet.await_all("ready");
  // The state is saved a moment after the last change, and memory given back a second
  // later; then there is nothing left to do.
  const pid_t supervisor = fleet.supervisor();
  std::uint64_t last = 0;
  const auto sleeps_on = [&] {
    const std::uint64_t former = std::exchange(last, sleeps(supervisor));
    return former == last;
  };
  REQUIRE(eventually([&] { return stays(sleeps_on, 2'000ms); }));

  const std::uint64_t before = sleeps(supervisor);
  const std::uint64_t before_warden = sleeps(fleet.warden());
  CHECK(stays([&] { return fleet.supervisor() == supervisor; }, 3'000ms));

  CHECK(sleeps(supervisor) == before);
  CHECK(sleeps(fleet.warden()) == before_warden);
  CHECK(fleet.stop().exit_code == 0);
}
