// What binds servers together: dependencies, start slots, shutdown in order, removal.
#include "supervisor/fleet.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "many_servers.h"

using namespace mcpctl;
using namespace mcpctl::supervisor;
using namespace mcpctl::supervisor::testing;
using namespace std::chrono_literals;
using config::Need;

// ---- dependencies ----------------------------------------------------------------

TEST_CASE("a dependent waits until what it needs ready is ready, and says for what") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app", {{"redis", Need::ready}});

  fleet.enables({"app", "redis"});
  CHECK(fleet.state("redis") == State::starting);
  CHECK(fleet.state("app") == State::waiting);
  CHECK(fleet.waits_for("app") == "redis (starting)");
  fleet.becomes_ready("redis");

  CHECK(fleet.state("app") == State::starting);
  CHECK(fleet.waits_for("app") == "");
}

TEST_CASE("a need for started is satisfied as soon as there is a process") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app", {{"redis", Need::started}});

  fleet.enables({"app"});
  CHECK(fleet.state("app") == State::waiting);
  fleet.enables({"redis"});

  CHECK(fleet.state("app") == State::starting);
}

TEST_CASE("a need for started is not satisfied by what is going down") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app", {{"redis", Need::started}});
  fleet.enables({"redis"});
  fleet.becomes_ready("redis");
  fleet.stops("redis");

  fleet.enables({"app"});

  CHECK(fleet.waits_for("app") == "redis (stopping)");
}

TEST_CASE("a need for started is not satisfied by a survivor of SIGKILL") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app", {{"redis", Need::started}});
  fleet.enables({"redis"});
  fleet.becomes_ready("redis");
  fleet.kills_all();
  fleet.lets_deadline_pass("redis");
  REQUIRE(fleet.state("redis") == State::failed);

  fleet.enables({"app"});

  CHECK(fleet.waits_for("app") == "redis (failed)");
}

TEST_CASE("a need for completed is satisfied by an end with success, not by a running server") {
  TestFleet fleet;
  Spec job;
  job.restart = config::RestartPolicy::on_failure;
  fleet.has("migrate", {}, job);
  fleet.has("app", {{"migrate", Need::completed}});
  fleet.enables({"migrate", "app"});
  fleet.becomes_ready("migrate");
  CHECK(fleet.waits_for("app") == "migrate (ready)");

  fleet.exits("migrate", 0);

  CHECK(fleet.state("migrate") == State::completed);
  CHECK(fleet.state("app") == State::starting);
}

TEST_CASE("a whole chain starts from its end, each when the one before is ready") {
  TestFleet fleet;
  fleet.has("c");
  fleet.has("b", {{"c", Need::ready}});
  fleet.has("a", {{"b", Need::ready}});
  fleet.enables({"a", "b", "c"});
  CHECK(fleet.waits_for("a") == "b (waiting)");

  fleet.becomes_ready("c");
  CHECK(fleet.state("b") == State::starting);
  CHECK(fleet.state("a") == State::waiting);
  fleet.becomes_ready("b");

  CHECK(fleet.state("a") == State::starting);
}

TEST_CASE("a dependency that is not configured is named") {
  TestFleet fleet;
  fleet.has("app", {{"redis", Need::ready}});

  fleet.enables({"app"});

  CHECK(fleet.waits_for("app") == "redis (not configured)");
}

TEST_CASE("a dependent that runs goes on when its dependency fails") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app", {{"redis", Need::ready}});
  fleet.enables({"redis", "app"});
  fleet.becomes_ready("redis");
  fleet.becomes_ready("app");

  fleet.exits("redis", 1);

  CHECK(fleet.state("redis") == State::backoff);
  CHECK(fleet.state("app") == State::ready);
}

TEST_CASE("a new dependency of a reload counts for the next start") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app");
  fleet.enables({"app"});
  fleet.becomes_ready("app");

  fleet.reconfigures("app", {{"redis", Need::ready}}, true);
  fleet.exits("app");

  CHECK(fleet.waits_for("app") == "redis (stopped)");
}

TEST_CASE("a start starts what it depends on, however deep, and what was stopped in between") {
  TestFleet fleet;
  fleet.has("c");
  fleet.has("b", {{"c", Need::ready}});
  fleet.has("a", {{"b", Need::ready}});
  fleet.starts("b");
  fleet.stops("c");
  REQUIRE(fleet.goal("b") == Goal::up);

  fleet.starts("a");

  CHECK(fleet.goal("c") == Goal::up);
  CHECK(fleet.state("c") != State::stopped);
  CHECK(fleet.waits_for("a") == "b (waiting)");
}

TEST_CASE("a restart starts what it depends on as far as it is down, and leaves the rest alone") {
  TestFleet fleet;
  fleet.has("d");
  fleet.has("c", {{"d", Need::ready}});
  fleet.has("b");
  fleet.has("a", {{"b", Need::ready}, {"c", Need::started}});
  fleet.enables({"a", "b", "c", "d"});
  for (const char* name : {"b", "d", "c", "a"}) fleet.becomes_ready(name);
  fleet.stops("d");
  fleet.exits("d");
  REQUIRE(fleet.state("d") == State::stopped);

  fleet.restarts("a");
  CHECK(fleet.state("a") == State::stopping);
  CHECK(fleet.state("d") == State::starting);
  CHECK(fleet.state("b") == State::ready);
  CHECK(fleet.state("c") == State::ready);
  fleet.exits("a");

  CHECK(fleet.state("a") == State::starting);
}

TEST_CASE("a restart for its memory starts nothing that was stopped") {
  TestFleet fleet;
  fleet.has("b");
  fleet.has("a", {{"b", Need::ready}});
  fleet.enables({"a", "b"});
  fleet.becomes_ready("b");
  fleet.becomes_ready("a");
  fleet.stops("b");
  fleet.exits("b");

  fleet.restarts("a", Motive::memory_limit);

  CHECK(fleet.state("a") == State::stopping);
  CHECK(fleet.goal("b") == Goal::down);
}

TEST_CASE("servers that depend on each other in a circle wait, and start nothing twice") {
  TestFleet fleet;
  fleet.has("a", {{"b", Need::ready}});
  fleet.has("b", {{"a", Need::ready}});

  fleet.starts("a");

  CHECK(fleet.waits_for("a") == "b (waiting)");
  CHECK(fleet.waits_for("b") == "a (waiting)");
}

// ---- lazy ------------------------------------------------------------------------

TEST_CASE("a dependent that waits wakes its lazy dependency") {
  TestFleet fleet;
  fleet.has_lazy("search");
  fleet.has("app", {{"search", Need::ready}});
  fleet.enables({"search"});
  CHECK(fleet.state("search") == State::idle);

  fleet.enables({"app"});

  CHECK(fleet.state("search") == State::starting);
}

TEST_CASE("a request wakes a chain of lazy servers") {
  TestFleet fleet;
  fleet.has_lazy("index");
  fleet.has_lazy("search", {{"index", Need::ready}});
  fleet.enables({"index", "search"});

  fleet.demands("search");

  CHECK(fleet.state("search") == State::waiting);
  CHECK(fleet.state("index") == State::starting);
}

TEST_CASE("a lazy dependency stays awake while its dependent runs, and sleeps after it") {
  TestFleet fleet;
  fleet.has_lazy("search");
  fleet.has("app", {{"search", Need::ready}});
  fleet.enables({"search", "app"});
  fleet.becomes_ready("search");
  CHECK_FALSE(fleet.has_deadline("search"));
  fleet.becomes_ready("app");
  CHECK_FALSE(fleet.has_deadline("search"));

  fleet.stops("app");
  fleet.exits("app");
  CHECK(fleet.has_deadline("search"));
  fleet.lets_deadline_pass("search");

  CHECK(fleet.why("search").trigger == Trigger::went_idle);
}

TEST_CASE("a lazy server nobody depends on any more may sleep after a reload") {
  TestFleet fleet;
  fleet.has_lazy("search");
  fleet.has("app", {{"search", Need::ready}});
  fleet.enables({"search", "app"});
  fleet.becomes_ready("search");
  CHECK_FALSE(fleet.has_deadline("search"));

  fleet.reconfigures("app", {});

  CHECK(fleet.has_deadline("search"));
}

// ---- start slots -----------------------------------------------------------------

TEST_CASE("no more servers start at once than there are slots, in the order they came") {
  TestFleet fleet{2};
  for (const char* name : {"a", "b", "c", "d"}) fleet.has(name);

  fleet.enables({"d", "c", "b", "a"});
  CHECK(fleet.state("d") == State::starting);
  CHECK(fleet.state("c") == State::starting);
  CHECK(fleet.waits_for("b") == "a start slot");
  fleet.becomes_ready("c");

  CHECK(fleet.state("b") == State::starting);
  CHECK(fleet.state("a") == State::waiting);
}

TEST_CASE("a start that fails gives its slot away") {
  TestFleet fleet{1};
  fleet.has("a");
  fleet.has("b");
  fleet.enables({"a", "b"});

  fleet.spawns("a");
  fleet.exits("a", 1);

  CHECK(fleet.state("b") == State::starting);
}

TEST_CASE("who waits for a dependency takes no slot from who could start") {
  TestFleet fleet{1};
  fleet.has("app", {{"redis", Need::ready}});
  fleet.has("redis");

  fleet.enables({"app", "redis"});

  CHECK(fleet.state("redis") == State::starting);
}

TEST_CASE("more slots admit at once who waits for one") {
  TestFleet fleet{1};
  fleet.has("a");
  fleet.has("b");
  fleet.enables({"a", "b"});

  fleet.widens(2);

  CHECK(fleet.state("b") == State::starting);
}

// ---- operators -------------------------------------------------------------------

TEST_CASE("a restart starts a stopped server") {
  TestFleet fleet;
  fleet.has("a");

  fleet.restarts("a");

  CHECK(fleet.state("a") == State::starting);
}

TEST_CASE("running_dependents names who would be left without a server") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app", {{"redis", Need::ready}});
  fleet.has("other", {{"redis", Need::ready}});
  fleet.enables({"redis", "app"});
  fleet.becomes_ready("redis");

  const auto names = fleet.fleet().running_dependents(*fleet.fleet().find("redis"));

  CHECK(names == std::vector<std::string>{"app"});
}

TEST_CASE("intents for a server that is gone are ignored") {
  TestFleet fleet;
  Fleet empty{1, 1};
  const ServerId nobody{42};

  CHECK(empty.start(nobody, Instant{}).empty());
  CHECK(empty.stop(nobody, Instant{}).empty());
  CHECK(empty.remove(nobody, Instant{}).empty());
  CHECK(empty.deliver(nobody, Exited{}, Instant{}).empty());
}

// ---- removal ---------------------------------------------------------------------

TEST_CASE("a removed server is forgotten once nothing of it is left") {
  TestFleet fleet;
  fleet.has("a");
  fleet.enables({"a"});
  fleet.becomes_ready("a");

  fleet.removes("a");
  CHECK(fleet.state("a") == State::stopping);
  CHECK(fleet.why("a").motive == Motive::removal);
  fleet.exits("a");

  CHECK_FALSE(fleet.knows("a"));
  CHECK(fleet.fleet().members().empty());
}

TEST_CASE("a removed server without a process is forgotten at once, and its name is free") {
  TestFleet fleet;
  fleet.has("a");

  fleet.removes("a");
  CHECK_FALSE(fleet.knows("a"));
  fleet.has("a");

  CHECK(fleet.knows("a"));
}

TEST_CASE("a server that returns while it is being removed stays") {
  TestFleet fleet;
  fleet.has("a");
  fleet.enables({"a"});
  fleet.becomes_ready("a");
  fleet.removes("a");

  fleet.reconfigures("a");
  fleet.exits("a");

  CHECK(fleet.state("a") == State::starting);
}

TEST_CASE("nobody starts a server that is being removed") {
  TestFleet fleet;
  fleet.has("a");
  fleet.has("app", {{"a", Need::ready}});
  fleet.enables({"a"});
  fleet.becomes_ready("a");
  fleet.removes("a");

  fleet.starts("a");
  fleet.restarts("a");
  fleet.enables({"a"});
  fleet.starts("app");
  fleet.exits("a");

  CHECK_FALSE(fleet.knows("a"));
  CHECK(fleet.waits_for("app") == "a (not configured)");
}

// ---- shutdown --------------------------------------------------------------------

namespace {

/// app -> api -> redis, and a loner, all ready.
TestFleet three_levels() {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("api", {{"redis", Need::ready}});
  fleet.has("app", {{"api", Need::ready}});
  fleet.has("loner");
  fleet.enables({"redis", "api", "app", "loner"});
  for (const char* name : {"redis", "api", "app", "loner"}) fleet.becomes_ready(name);
  return fleet;
}

}  // namespace

TEST_CASE("the fleet stops dependents first, the rest of a level in parallel") {
  TestFleet fleet = three_levels();

  fleet.stops_all();
  CHECK(fleet.state("app") == State::stopping);
  CHECK(fleet.state("loner") == State::stopping);
  CHECK(fleet.state("api") == State::ready);
  CHECK(fleet.state("redis") == State::ready);
  fleet.exits("app");
  CHECK(fleet.state("api") == State::stopping);
  CHECK(fleet.state("redis") == State::ready);
  fleet.exits("api");
  CHECK(fleet.state("redis") == State::stopping);
  fleet.exits("loner");
  CHECK(fleet.times_stopped() == 0);
  fleet.exits("redis");

  CHECK(fleet.times_stopped() == 1);
}

TEST_CASE("the fleet's deadline leaves the kill its margin, and kills all that lives") {
  TestFleet fleet = three_levels();

  fleet.stops_all(8s);
  CHECK(fleet.deadline() == 7'500ms);
  fleet.kills_all();
  for (const char* name : {"redis", "api", "app", "loner"}) {
    CHECK(fleet.state(name) == State::stopping);
    fleet.exits(name);
  }

  CHECK(fleet.times_stopped() == 1);
}

TEST_CASE("a short deadline is halved rather than missed") {
  TestFleet fleet;

  fleet.stops_all(600ms);

  CHECK(fleet.deadline() == 300ms);
}

TEST_CASE("an empty fleet is stopped at once, and says so once") {
  TestFleet fleet;

  fleet.stops_all();
  fleet.stops_all();

  CHECK(fleet.times_stopped() == 1);
}

TEST_CASE("nothing is spawned while the fleet stops") {
  TestFleet fleet = three_levels();
  fleet.stops_all();
  fleet.exits("loner");

  fleet.starts("loner");

  CHECK(fleet.state("loner") == State::waiting);
  CHECK(fleet.waits_for("loner") == "nothing: the fleet stops");
}

TEST_CASE("a server held for its dependents that crashes is not brought back") {
  TestFleet fleet = three_levels();
  fleet.stops_all();

  fleet.exits("redis", 1);
  CHECK(fleet.state("redis") == State::backoff);
  fleet.lets_deadline_pass("redis");

  CHECK(fleet.state("redis") == State::waiting);
}

TEST_CASE("a dependent that survives SIGKILL does not hold up what it depends on") {
  TestFleet fleet;
  fleet.has("redis");
  fleet.has("app", {{"redis", Need::ready}});
  fleet.enables({"redis", "app"});
  fleet.becomes_ready("redis");
  fleet.becomes_ready("app");
  fleet.stops_all();
  fleet.lets_deadline_pass("app");  // eof
  fleet.lets_deadline_pass("app");  // term
  fleet.lets_deadline_pass("app");  // kill

  REQUIRE(fleet.state("app") == State::failed);
  CHECK(fleet.state("redis") == State::stopping);
  fleet.exits("redis");

  CHECK(fleet.times_stopped() == 1);
}

TEST_CASE("a reload that cuts a dependency during shutdown releases what was held for it") {
  TestFleet fleet = three_levels();
  fleet.stops_all();
  REQUIRE(fleet.state("redis") == State::ready);

  fleet.reconfigures("api", {});

  CHECK(fleet.state("redis") == State::stopping);
}
