// kill -9 of the supervisor, of its warden, and of both: no server may live on.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

/// Every way to resist or to escape, as one fleet.  Returns the file that is held
/// while any of them lives.
std::string fill_with_resistance(Fleet& fleet) {
  Json& servers = fleet.servers();
  servers["plain"] = misbehaving({});
  servers["stubborn"] = misbehaving({"stubborn", "member"});
  servers["daemon"] = misbehaving({"daemon", "--count=2"});
  servers["session"] = misbehaving({"session-child", "--count=2"});
  servers["holder"] = misbehaving({"hold-stdout"});
  servers["chain"] = misbehaving({"chain", "--interval=5"});
  servers["fast-chain"] = misbehaving({"chain", "--interval=0"});
  const std::string held = fleet.file("held");
  for (Json& server : servers) server["args"].push_back("--held=" + held);
  fleet.write();
  return held;
}

}  // namespace

TEST_CASE("kill -9 of the supervisor leaves no server after a second") {
  const auto before = with_and_without_control_groups();
  Fleet fleet{Json::object(), quick()};
  const std::string held = fill_with_resistance(fleet);
  fleet.start({}, before);
  fleet.await_all("ready");
  REQUIRE(fleet.processes().size() >= 12);

  ::kill(fleet.supervisor(), SIGKILL);

  fleet.expect_nothing_left(1'000ms);
  CHECK(eventually([&] { return !is_held(held); }, 1'000ms));
  CHECK(fleet.program().wait() == 137);
  CHECK(fleet.said("the supervisor was killed by signal 9"));
}

TEST_CASE("kill -9 of the warden leaves no server and no supervisor after a second") {
  const auto before = with_and_without_control_groups();
  Fleet fleet{Json::object(), quick()};
  const std::string held = fill_with_resistance(fleet);
  fleet.start({}, before);
  fleet.await_all("ready");
  const pid_t supervisor = fleet.supervisor();

  ::kill(fleet.warden(), SIGKILL);

  fleet.expect_nothing_left(1'000ms);
  CHECK(eventually([&] { return !is_held(held); }, 1'000ms));
  CHECK(eventually([&] { return !is_alive(supervisor); }, 1'000ms));
  CHECK(fleet.program().wait() == 137);
}

TEST_CASE("what survives the death of both is cleaned up by the next start, strangers never") {
  const auto before = with_and_without_control_groups();
  Fleet stranger{Json{{"daemon", misbehaving({"daemon"})}}, quick()};
  stranger.start();
  stranger.await_all("ready");
  Fleet fleet{Json::object(), quick()};
  const std::string held = fill_with_resistance(fleet);
  fleet.start({}, before);
  fleet.await_all("ready");

  // Stopped first, so that it cannot react to the other's end.
  const pid_t supervisor = fleet.supervisor();
  ::kill(fleet.warden(), SIGSTOP);
  ::kill(supervisor, SIGKILL);
  ::kill(fleet.warden(), SIGKILL);
  REQUIRE(fleet.program().wait() == 137);
  REQUIRE(eventually([&] { return !is_alive(supervisor); }));
  const std::vector<Process> left = fleet.processes();
  REQUIRE(left.size() >= 4);  // the daemons and helpers; leaders die with their parent
  const std::size_t strangers = stranger.processes().size();

  fleet.servers() = Json{{"plain", misbehaving({})}};
  fleet.write();
  fleet.start({}, before);
  fleet.await("plain", "ready");

  for (const Process& process : left) CHECK_FALSE(is_alive(process.pid));
  CHECK_FALSE(is_held(held));
  CHECK(fleet.processes().size() == 1);
  CHECK(stranger.processes().size() == strangers);
  CHECK(fleet.stop().exit_code == 0);
  CHECK(stranger.stop().exit_code == 0);
}

TEST_CASE("a supervisor that was killed while stopping leaves nothing either") {
  const auto before = with_and_without_control_groups();
  Fleet fleet{Json::object(), quick("20s")};
  const std::string held = fill_with_resistance(fleet);
  fleet.start({}, before);
  fleet.await_all("ready");
  const pid_t supervisor = fleet.supervisor();
  fleet.program().signal(SIGTERM);
  fleet.await("stubborn", "stopping");

  ::kill(supervisor, SIGKILL);

  fleet.expect_nothing_left(1'000ms);
  CHECK(eventually([&] { return !is_held(held); }, 1'000ms));
  CHECK(fleet.program().wait() == 137);
}
