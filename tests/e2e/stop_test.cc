// The stop ladder with processes that do not want to go: exact, bounded, and nobody
// forgotten.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

TEST_CASE("every server leaves at the first rung that it respects") {
  Fleet fleet{Json{{"polite", misbehaving({})},
                   {"deaf", misbehaving({"ignore-eof"})},
                   {"slow", misbehaving({"ignore-term", "ignore-eof"})}},
              quick("700ms")};
  fleet.start();
  fleet.await_all("ready");
  const pid_t polite = fleet.pid("polite");
  const pid_t deaf = fleet.pid("deaf");
  const pid_t slow = fleet.pid("slow");

  const auto start = Clock::now();
  fleet.program().signal(SIGTERM);
  CHECK(eventually([&] { return !is_alive(polite); }));
  CHECK(is_alive(deaf));
  CHECK(eventually([&] { return !is_alive(deaf); }));
  CHECK(since(start) >= 700ms);
  CHECK(is_alive(slow));
  CHECK(eventually([&] { return !is_alive(slow); }));
  CHECK(since(start) >= 1'400ms);

  CHECK(fleet.stop(0).exit_code == 0);
  CHECK(since(start) < 1'400ms + soon);
}

TEST_CASE("twenty stubborn servers take one ladder, not twenty") {
  Json servers = Json::object();
  for (int i = 0; i < 20; ++i) servers["s" + std::to_string(i)] = misbehaving({"stubborn"});
  Fleet fleet{servers, quick("500ms")};
  fleet.start();
  fleet.await_all("ready");

  const Ended ended = fleet.stop();

  CHECK(ended.exit_code == 0);
  CHECK(ended.took >= 1'000ms);
  CHECK(ended.took < 1'000ms + soon);
}

TEST_CASE("a stop is not done while a member of the group is left") {
  const auto before = with_and_without_control_groups();
  Fleet fleet{Json::object(), quick("300ms")};
  const std::string pids = fleet.file("pids");
  fleet.servers()["leader"] = misbehaving({"member", "--count=3", "--pids=" + pids});
  fleet.write();
  fleet.start({}, before);
  fleet.await("leader", "ready");
  const pid_t leader = fleet.pid("leader");
  const std::vector<pid_t> members = fleet.made(pids, "member");
  REQUIRE(members.size() == 3);

  const Outcome stop = fleet.control({"stop", "leader"});

  CAPTURE(stop.err);
  CHECK(stop.exit_code == 0);
  CHECK(fleet.state("leader") == "stopped");
  CHECK_FALSE(is_alive(leader));
  for (const pid_t member : members) CHECK_FALSE(is_alive(member));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("nothing escapes: daemons, own sessions, bare environments, chains of forks") {
  const auto before = with_and_without_control_groups();
  Fleet fleet{Json::object(), quick("300ms")};
  const std::string pids = fleet.file("pids");
  const std::string list = "--pids=" + pids;
  Json& servers = fleet.servers();
  servers["daemons"] = misbehaving({"daemon", "--count=3", list});
  servers["sessions"] = misbehaving({"session-child", "--count=3", list});
  servers["bare-session"] = misbehaving({"bare", "session-child", "--count=2", list});
  servers["bare-daemon"] = misbehaving({"bare", "daemon", "--count=2", list});
  servers["chain"] = misbehaving({"chain", "--interval=10"});
  servers["fast-chain"] = misbehaving({"chain", "--interval=0"});
  servers["holder"] = misbehaving({"hold-stdout", list});
  const std::string held = fleet.file("held");
  for (Json& server : servers) server["args"].push_back("--held=" + held);
  fleet.write();
  fleet.start({}, before);
  fleet.await_all("ready");
  REQUIRE(is_held(held));
  const std::vector<pid_t> made = fleet.made(pids);
  REQUIRE(made.size() == 5 + 3 + 3 + 2 + 2 + 1);

  const Ended ended = fleet.stop();

  CHECK(ended.exit_code == 0);
  CHECK(ended.took < 10s);
  for (const pid_t pid : made) {
    CAPTURE(pid);
    CHECK_FALSE(is_alive(pid));
  }
  CHECK_FALSE(is_held(held));
}

TEST_CASE("one server's stop disturbs no other, and every command resolves") {
  const auto before = with_and_without_control_groups();
  Fleet fleet{Json{{"stubborn", misbehaving({"stubborn", "daemon"})}, {"other", misbehaving({})}},
              quick("300ms")};
  fleet.start({}, before);
  fleet.await_all("ready");
  const pid_t first = fleet.pid("stubborn");
  const pid_t other = fleet.pid("other");

  CHECK(fleet.control({"stop", "stubborn"}).exit_code == 0);
  CHECK(fleet.state("stubborn") == "stopped");
  CHECK(fleet.processes_of("stubborn").empty());
  CHECK(fleet.control({"start", "stubborn"}).exit_code == 0);
  CHECK(fleet.state("stubborn") == "ready");
  CHECK(fleet.pid("stubborn") != first);
  const pid_t second = fleet.pid("stubborn");
  CHECK(fleet.control({"restart", "stubborn"}).exit_code == 0);
  CHECK(fleet.state("stubborn") == "ready");
  CHECK(fleet.pid("stubborn") != second);

  CHECK(fleet.server("stubborn")["restarts"] == 0);  // those nobody asked for
  CHECK(fleet.pid("other") == other);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("the last intent wins: a stop during the restart delay stops for good") {
  Json patient = quick();
  patient["defaults"]["backoff"] = {{"initial", "30s"}, {"max", "30s"}};
  Fleet fleet{Json{{"dying", misbehaving({"exit-in-handshake"})}}, patient};
  fleet.start();
  fleet.await("dying", "backoff");
  CHECK(fleet.server("dying")["next_start_ms"].get<long>() > 1'000);

  const auto start = Clock::now();
  const Outcome stop = fleet.control({"stop", "dying"});

  CHECK(stop.exit_code == 0);
  CHECK(since(start) < 5s);
  CHECK(fleet.state("dying") == "stopped");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("commands that cross each other all resolve, and the last intent wins") {
  Fleet fleet{Json{{"stubborn", misbehaving({"stubborn"})},
                   {"polite", misbehaving({})},
                   {"dependent", misbehaving({}, {{"dependsOn", {{"stubborn", "ready"}}}})}},
              quick("200ms")};
  fleet.start();
  fleet.await_all("ready");
  const auto post = [&fleet](const std::string& server, const std::string& command) {
    return fleet.request("POST", "/api/v1/servers/" + server + "/" + command);
  };

  // Each in the middle of the one before: nothing waits here.
  for (const char* command : {"restart", "stop", "start", "restart", "kill", "stop", "restart"}) {
    for (const char* server : {"stubborn", "polite"}) {
      CAPTURE(command);
      CHECK_FALSE(post(server, command).empty());
    }
  }
  fleet.await_all("ready");
  CHECK(fleet.processes().size() == 3);
  for (const char* command : {"restart", "start", "restart", "stop"}) post("stubborn", command);
  fleet.await("stubborn", "stopped");

  CHECK(stays([&] { return fleet.state("stubborn") == "stopped"; }, 700ms));
  CHECK(fleet.processes_of("stubborn").empty());
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("servers that stay silent after end of input take the ladder's time, not theirs") {
  Fleet fleet{Json{{"roots", misbehaving({"roots-anyway", "--exit-delay=59000"})},
                   {"slow", misbehaving({"slow-exit", "--exit-delay=59000"})},
                   {"stopped", misbehaving({})}},
              quick("300ms")};
  fleet.start();
  fleet.await_all("ready");
  ::kill(fleet.pid("stopped"), SIGSTOP);

  const Ended ended = fleet.stop();

  CHECK(ended.exit_code == 0);
  CHECK(ended.took < 600ms + soon);
}

TEST_CASE("a stop in the middle of the start leaves nothing") {
  const auto before = with_and_without_control_groups();
  Json servers = Json::object();
  for (int i = 0; i < 12; ++i) {
    servers["s" + std::to_string(i)] = misbehaving({"daemon", "slow-start", "--start-delay=60000"});
  }
  Fleet fleet{servers, quick("200ms")};
  fleet.start({}, before);
  REQUIRE(eventually([&] { return fleet.processes().size() > 2; }));

  const Ended ended = fleet.stop();

  CHECK(ended.exit_code == 0);
  CHECK(ended.took < 400ms + soon);
}

TEST_CASE("the fleet's deadline ends what its ladders would not") {
  Json ours = quick("60s");
  ours["shutdownTimeout"] = "2s";
  Fleet fleet{Json{{"a", misbehaving({"stubborn"})}, {"b", misbehaving({"stubborn", "daemon"})}},
              ours};
  fleet.start();
  fleet.await_all("ready");

  const Ended ended = fleet.stop();

  CHECK(ended.took >= 1'500ms);  // half a second is kept for the kill
  CHECK(ended.took < 2'000ms + soon);
}
