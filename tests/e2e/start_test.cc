// How servers come up: by a handshake, in the order of their dependencies, or not at
// all; and what `mcpctl ps` tells of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

/// The place of a transition in the fleet's history.
std::ptrdiff_t place_of(const std::vector<Json>& history, const std::string& server,
                        const std::string& to) {
  const auto found = std::ranges::find_if(history, [&](const Json& transition) {
    return transition["server"] == server && transition["to"] == to;
  });
  REQUIRE_MESSAGE(found != history.end(), server, " never came to be ", to);
  return found - history.begin();
}

}  // namespace

TEST_CASE("a stdio server of either era is ready once it has answered a handshake") {
  Fleet fleet{Json{{"legacy", misbehaving({})},
                   {"modern", misbehaving({"modern"})},
                   {"dual", misbehaving({"dual-era"})}}};

  fleet.start();
  fleet.await_all("ready");

  CHECK(fleet.server("legacy")["era"] == "legacy");
  CHECK(fleet.server("legacy")["protocol_version"] == "2025-11-25");
  CHECK(fleet.server("modern")["era"] == "modern");
  CHECK(fleet.server("modern")["protocol_version"] == "2026-07-28");
  CHECK(fleet.server("dual")["era"] == "modern");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server that loads for longer than a silence may last keeps its era") {
  Fleet fleet{Json{{"slow", misbehaving({"slow-start", "dual-era", "--start-delay=2600"})}}};

  fleet.start();
  fleet.await("slow", "ready");

  CHECK(fleet.server("slow")["era"] == "modern");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server that dies of any message but initialize is ready all the same") {
  Fleet fleet{Json{{"strict", misbehaving({"initialize-first"})}}, quick()};

  fleet.start();
  fleet.await("strict", "ready");

  CHECK(fleet.server("strict")["era"] == "legacy");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("wait finds a fleet that was started just before it") {
  Fleet fleet{Json{{"quick", misbehaving({})}}};

  fleet.start();  // its door is not open yet
  const Outcome waited = fleet.control({"wait", "--for", "ready"});

  CHECK_MESSAGE(waited.exit_code == 0, waited.err);
  CHECK(fleet.state("quick") == "ready");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("ps tells what a script needs to know") {
  Fleet fleet{Json{{"tools", misbehaving({"log-line", "--text=at your service"})}}};
  fleet.start();
  fleet.await_that("tools", [](const Json& server) {
    return server["state"] == "ready" && !server["stderr_tail"].empty() && !server["tools"].empty();
  });

  const Outcome ps = fleet.control({"ps", "--json", "-c", fleet.config_file()});

  REQUIRE(ps.exit_code == 0);
  const Json answer = Json::parse(ps.out);
  CHECK(answer["fleet"] == fleet.name());
  CHECK(answer["config_stale"] == false);
  REQUIRE(answer["servers"].size() == 1);
  const Json& server = answer["servers"][0];
  CHECK(server["name"] == "tools");
  CHECK(server["state"] == "ready");
  CHECK(server["goal"] == "up");
  CHECK(server["trigger"] == "readiness_proven");
  CHECK(is_alive(fleet.outside(server["pid"].get<pid_t>())));
  CHECK(server["incarnation"] == 1);
  CHECK(server["uptime_ms"].get<long>() > 0);
  CHECK(server["restarts"] == 0);
  CHECK(server["memory_bytes"].get<long>() > 100'000);
  CHECK(server["cpu_ms"].is_number());
  CHECK(server["processes"] == 1);
  CHECK(server["transport"] == "stdio");
  CHECK(server["era"] == "legacy");
  CHECK(server["protocol_version"] == "2025-11-25");
  CHECK(server["server_info"] == Json{{"name", "misbehave"}, {"version", "1.0.0"}});
  CHECK(server["tools"] == Json{"echo", "inspect", "count", "sleep", "exit", "crash"});
  CHECK(server["last_exit"].is_null());
  CHECK(server["next_start_ms"].is_null());
  CHECK(server["stderr_tail"] == Json::array({"at your service"}));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("dependents start after what they need is ready, and stop before it") {
  const Json after_database{{"dependsOn", {{"database", "ready"}}}};
  const Json after_migration{{"dependsOn", {{"migration", "completed"}, {"api", "ready"}}}};
  const Json slow{{"readiness", {{"method", "log-line"}, {"pattern", "is ready"}}}};
  const Json once{{"restart", "never"}, {"dependsOn", {{"database", "ready"}}}};
  Fleet fleet{Json{{"web", misbehaving({}, after_migration)},
                   {"api", misbehaving({}, after_database)},
                   {"migration", companion({"exit", "--code=0", "--after=200"}, once)},
                   {"database", companion({"log-line", "--after=300"}, slow)}}};

  fleet.start();
  fleet.await("web", "ready");
  const Ended ended = fleet.stop();

  CHECK(ended.exit_code == 0);
  const std::vector<Json> history = fleet.transitions();
  const auto place = [&history](const char* server, const char* to) {
    return place_of(history, server, to);
  };
  CHECK(place("database", "ready") < place("api", "starting"));
  CHECK(place("database", "ready") < place("migration", "starting"));
  CHECK(place("api", "ready") < place("web", "starting"));
  CHECK(place("migration", "completed") < place("web", "starting"));
  CHECK(place("web", "stopped") < place("api", "stopping"));
  CHECK(place("api", "stopped") < place("database", "stopping"));
}

TEST_CASE("a dependent waits for what never gets ready, and says for what") {
  const Json needs{{"dependsOn", {{"database", "ready"}}}};
  const Json never{{"readiness", {{"method", "log-line"}, {"pattern", "no such line"}}}};
  Fleet fleet{Json{{"database", companion({}, never)}, {"api", misbehaving({}, needs)}}};

  fleet.start();
  fleet.await("api", "waiting");
  fleet.await("database", "starting");

  CHECK(fleet.server("api")["waits_for"] == "database (starting)");
  CHECK(fleet.processes_of("api").empty());
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a start is over when what it depends on has failed, and says so") {
  Fleet fleet{Json{{"database", Json{{"command", "/nonexistent/server"}}},
                   {"cache", misbehaving({}, {{"dependsOn", {{"database", "ready"}}}})},
                   {"web", misbehaving({}, {{"dependsOn", {{"cache", "ready"}}}})}},
              quick()};
  fleet.start();
  fleet.await("database", "failed");

  for (const std::string verb : {"start", "restart", "wait"}) {
    CAPTURE(verb);
    const Outcome done = fleet.control({verb, "web"});
    CHECK(done.exit_code == 1);
    CHECK(done.err == "mcpctl: " + verb + " web: waiting: for cache (waiting)\n");
  }
  const Outcome cache = fleet.control({"start", "cache"});
  CHECK(cache.err == "mcpctl: start cache: waiting: for database (failed)\n");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("what cannot or shall not run leaves the rest alone") {
  Json typo = misbehaving({});
  typo["env"] = {{"TOKEN", "${NOBODY_SET_THIS}"}};
  Json off = misbehaving({});
  off["disabled"] = true;
  Fleet fleet{Json{{"good", misbehaving({})},
                   {"lazy", misbehaving({}, {{"lifecycle", "lazy"}})},
                   {"off", off},
                   {"typo", typo},
                   {"orphan", misbehaving({}, {{"dependsOn", {{"typo", "ready"}}}})}}};

  fleet.start();
  fleet.await("good", "ready");
  fleet.await("typo", "failed");

  CHECK(fleet.state("lazy") == "idle");
  CHECK(fleet.state("orphan") == "failed");
  CHECK(fleet.server("orphan")["why"] == "depends on \"typo\", which is unusable");
  CHECK(fleet.server("off").is_null());
  CHECK(fleet.server("typo")["why"].get<std::string>().find("NOBODY_SET_THIS") !=
        std::string::npos);
  for (const char* name : {"lazy", "off", "typo", "orphan"}) {
    CHECK(fleet.processes_of(name).empty());
  }
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server that hangs in its handshake holds up none of the others") {
  Json servers{{"mute", misbehaving({"no-initialize"})}};
  for (int i = 0; i < 12; ++i) servers["good-" + std::to_string(i)] = misbehaving({});
  Fleet fleet{servers, {{"maxConcurrentStarts", 4}}};

  fleet.start();
  for (int i = 0; i < 12; ++i) fleet.await("good-" + std::to_string(i), "ready");

  CHECK(fleet.state("mute") == "starting");
  const std::string readiness = fleet.request("GET", "/readyz");
  CHECK(readiness.find("mute") != std::string::npos);
  CHECK(readiness.find("good-3") == std::string::npos);
  CHECK(fleet.request("GET", "/livez") == "ok\n");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("--only starts what is named and what that needs") {
  Fleet fleet{Json{{"a", misbehaving({}, {{"dependsOn", {"b"}}})},
                   {"b", misbehaving({})},
                   {"c", misbehaving({})}}};

  fleet.start({"--only", "a"});
  fleet.await("a", "ready");

  CHECK(fleet.state("b") == "ready");
  CHECK(fleet.state("c") == "stopped");
  CHECK(fleet.server("c")["why"] == "not started");
  CHECK(fleet.stop().exit_code == 0);
}
