// How one process takes the place of another that serves meanwhile.
#include <doctest/doctest.h>

#include <string>

#include "many_servers.h"

using namespace mcpctl;
using namespace mcpctl::supervisor;
using namespace mcpctl::supervisor::testing;
using config::Need;

namespace {

/// "a" is ready, and its successor has been spawned.
void replaces_a(TestFleet& fleet) {
  fleet.has("a");
  fleet.enables({"a"});
  fleet.becomes_ready("a");
  fleet.replaces("a");
  fleet.spawns("a~1");
}

}  // namespace

TEST_CASE("the old process serves until the new one is ready, then it goes") {
  TestFleet fleet;
  replaces_a(fleet);
  CHECK(fleet.state("a") == State::ready);
  CHECK(fleet.state("a~1") == State::starting);
  CHECK(fleet.number("a") == 1);

  fleet.becomes_ready("a~1");

  CHECK(fleet.times_succeeded() == 1);
  CHECK(fleet.state("a") == State::ready);
  CHECK(fleet.number("a") == 2);
  CHECK(fleet.state("a~1") == State::stopping);
  CHECK(fleet.number("a~1") == 1);
  fleet.exits("a~1");
  CHECK_FALSE(fleet.knows("a~1"));
  CHECK(fleet.state("a") == State::ready);
}

TEST_CASE("what the old process has begun it may end, for as long as its drain time") {
  TestFleet fleet;
  replaces_a(fleet);
  fleet.has_in_flight("a", 1);

  fleet.becomes_ready("a~1");
  CHECK(fleet.state("a~1") == State::draining);
  SUBCASE("it ends it") { fleet.has_in_flight("a~1", 0); }
  SUBCASE("it does not") { fleet.lets_deadline_pass("a~1"); }

  CHECK(fleet.state("a~1") == State::stopping);
  CHECK(fleet.state("a") == State::ready);
}

TEST_CASE("a new process that fails before it is ready changes nothing") {
  TestFleet fleet;
  replaces_a(fleet);

  fleet.exits("a~1", 3);

  REQUIRE(fleet.failures().size() == 1);
  CHECK(fleet.failures()[0].why.exit.code == 3);
  CHECK_FALSE(fleet.failures()[0].is_withdrawn);
  CHECK_FALSE(fleet.knows("a~1"));
  CHECK(fleet.state("a") == State::ready);
  CHECK(fleet.number("a") == 1);
}

TEST_CASE("a new process that is not ready in time is stopped, and changes nothing") {
  TestFleet fleet;
  replaces_a(fleet);

  fleet.lets_deadline_pass("a~1");

  REQUIRE(fleet.failures().size() == 1);
  CHECK(fleet.failures()[0].why.trigger == Trigger::start_timed_out);
  CHECK(fleet.state("a~1") == State::stopping);
  fleet.exits("a~1");
  CHECK_FALSE(fleet.knows("a~1"));
  CHECK(fleet.state("a") == State::ready);
}

TEST_CASE("whatever else is asked of the server meanwhile counts, and its successor goes") {
  TestFleet fleet;
  replaces_a(fleet);
  State expected = State::stopping;
  SUBCASE("a stop") { fleet.stops("a"); }
  SUBCASE("a restart") { fleet.restarts("a"); }
  SUBCASE("its removal") { fleet.removes("a"); }
  SUBCASE("a reload that needs a new process") { fleet.reconfigures("a", {}, true); }
  SUBCASE("the successor's own stop") {
    fleet.stops("a~1");
    expected = State::ready;
  }

  CHECK(fleet.state("a") == expected);
  REQUIRE(fleet.failures().size() == 1);
  CHECK(fleet.failures()[0].is_withdrawn);
  CHECK(fleet.state("a~1") == State::stopping);
  fleet.exits("a~1");
  CHECK_FALSE(fleet.knows("a~1"));
  CHECK(fleet.times_succeeded() == 0);
}

TEST_CASE("a server that crashes while its successor starts is succeeded all the same") {
  TestFleet fleet;
  replaces_a(fleet);
  fleet.exits("a", 1);
  fleet.lets_deadline_pass("a");
  fleet.spawns("a");
  CHECK(fleet.number("a") == 2);

  fleet.becomes_ready("a~1");

  CHECK(fleet.state("a") == State::ready);
  CHECK(fleet.state("a~1") == State::stopping);
  // No number stands for two processes under one name.
  fleet.exits("a", 1);
  fleet.lets_deadline_pass("a");
  CHECK(fleet.number("a") == 3);
}

TEST_CASE("dependents stay with the name, and do not notice") {
  TestFleet fleet;
  fleet.has("db");
  fleet.has("app", {{"db", Need::ready}});
  fleet.enables({"db", "app"});
  fleet.becomes_ready("db");
  fleet.becomes_ready("app");

  fleet.replaces("db");
  fleet.becomes_ready("db~1");
  fleet.exits("db~1");

  CHECK(fleet.state("app") == State::ready);
  CHECK(fleet.fleet().running_dependents(*fleet.fleet().find("db")).size() == 1);
  fleet.stops_all();
  CHECK(fleet.state("db") == State::ready);  // held for its dependent
  fleet.exits("app");
  fleet.exits("db");
  CHECK(fleet.times_stopped() == 1);
}

TEST_CASE("a new process waits for what it depends on, and for a start slot") {
  TestFleet fleet{1};
  fleet.has("a");
  fleet.has("slow");
  fleet.enables({"a"});
  fleet.becomes_ready("a");
  fleet.enables({"slow"});

  fleet.replaces("a", {{"slow", Need::ready}});
  CHECK(fleet.state("a~1") == State::waiting);
  fleet.becomes_ready("slow");
  CHECK(fleet.state("a~1") == State::starting);
  fleet.becomes_ready("a~1");

  CHECK(fleet.times_succeeded() == 1);
}

TEST_CASE("a shutdown stops both, and nobody succeeds anybody any more") {
  TestFleet fleet;
  replaces_a(fleet);

  fleet.stops_all();
  CHECK(fleet.state("a") == State::stopping);
  CHECK(fleet.state("a~1") == State::stopping);
  fleet.exits("a");
  fleet.exits("a~1");

  CHECK(fleet.times_stopped() == 1);
  CHECK(fleet.times_succeeded() == 0);
}

TEST_CASE("the successor of a lazy server falls asleep like it") {
  TestFleet fleet;
  fleet.has_lazy("a");
  fleet.enables({"a"});
  fleet.demands("a");
  fleet.becomes_ready("a");

  fleet.replaces("a");
  fleet.becomes_ready("a~1");
  fleet.exits("a~1");
  fleet.lets_deadline_pass("a");
  fleet.exits("a");

  CHECK(fleet.state("a") == State::idle);
}
