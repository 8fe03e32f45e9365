// What a fleet costs that does nothing: nothing.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "fleet.h"

using namespace mcpctl::e2e;

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
