// What a reload does, and that no field of config::Server is forgotten by it.
#include "supervisor/reconcile.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>

using namespace mcpctl;
using namespace mcpctl::supervisor;
using config::Config;
using config::Server;

namespace {

// ---- how many fields an aggregate has --------------------------------------------

/// Initialises whatever it is asked to.
struct Anything {
  template <typename T>
  operator T() const {  // NOLINT(google-explicit-constructor): that is its point
    std::abort();       // only ever asked for its type
  }
};

template <typename Aggregate, std::size_t... Index>
constexpr bool takes(std::index_sequence<Index...>) {
  return requires { Aggregate{(static_cast<void>(Index), Anything{})...}; };
}

template <typename Aggregate, std::size_t Count = 0>
constexpr std::size_t count_fields() {
  if constexpr (takes<Aggregate>(std::make_index_sequence<Count + 1>{})) {
    return count_fields<Aggregate, Count + 1>();
  } else {
    return Count;
  }
}

struct Three {
  int a;
  std::string b;
  config::Backoff c;
};
static_assert(count_fields<Three>() == 3);

Server server(std::string name) {
  Server made;
  made.name = std::move(name);
  made.command = "node";
  return made;
}

Config config_of(std::initializer_list<Server> servers) {
  Config config;
  config.servers = servers;
  return config;
}

/// What a change of one field does.
template <typename Change>
Plan after(Change&& change) {
  Server changed = server("a");
  change(changed);
  return reconcile(config_of({server("a")}), config_of({changed}));
}

}  // namespace

TEST_CASE("every field of a server has an entry that says what its change does") {
  // A new field of config::Server?  Give it a line in the table of reconcile.cc.
  CHECK(fields().size() == count_fields<Server>());
}

TEST_CASE("every field of the clients' door has an entry that says when its change holds") {
  CHECK(door_fields().size() == count_fields<config::Gateway>());
  std::set<std::string_view> keys;
  for (const DoorField& field : door_fields()) CHECK(keys.insert(field.key).second);
}

TEST_CASE("the open door gets what it can have, and keeps what waits for the next start") {
  config::Gateway running;
  config::Gateway wanted;
  CHECK(reconcile(running, wanted).empty());
  wanted.listen = "127.0.0.1:9";
  wanted.max_in_flight = 3;
  wanted.tokens = {{"ci", {}, {}}};

  CHECK(reconcile(running, wanted) == DoorChange{{"tokens", "maxInFlight"}, {"listen"}});
  const config::Gateway until_then = until_next_start(running, wanted);
  CHECK(until_then.listen == running.listen);
  CHECK(until_then.max_in_flight == 3);
  CHECK(reconcile(until_then, wanted) == DoorChange{{}, {"listen"}});
}

TEST_CASE("the last token of an open door beyond loopback waits for the next start") {
  config::Gateway running;
  running.listen = "0.0.0.0:7420";
  running.tokens = {{"ci", {}, {}}};
  config::Gateway wanted = running;
  wanted.tokens.clear();
  wanted.max_in_flight = 3;

  CHECK(reconcile(running, wanted) == DoorChange{{"maxInFlight"}, {"tokens"}});
  const config::Gateway until_then = until_next_start(running, wanted);
  CHECK(until_then.tokens == running.tokens);
  CHECK(until_then.max_in_flight == 3);

  wanted.tokens = {{"other", {}, {}}};
  CHECK(reconcile(running, wanted).in_place == std::vector<std::string>{"tokens", "maxInFlight"});
  running.listen = wanted.listen = "[::1]:7420";
  wanted.tokens.clear();
  CHECK(reconcile(running, wanted).next_start.empty());
}

TEST_CASE("every entry has a key of its own") {
  std::set<std::string_view> keys;
  for (const Field& field : fields()) CHECK(keys.insert(field.key).second);
}

TEST_CASE("the same configuration changes nothing") {
  const Config config = config_of({server("a"), server("b")});

  CHECK(reconcile(config, config).empty());
}

TEST_CASE("a server that moved within its file is the same server") {
  CHECK(after([](Server& s) { s.where = {"mcp.json", 7, 3}; }).empty());
}

TEST_CASE("what only a new process can have restarts") {
  using Kind = Change::Kind;
  CHECK(after([](Server& s) { s.command = "deno"; }) == Plan{{Kind::restart, "a", {"command"}}});
  CHECK(after([](Server& s) { s.args = {"x"}; }) == Plan{{Kind::restart, "a", {"args"}}});
  CHECK(after([](Server& s) { s.env = {{"A", "1"}}; }) == Plan{{Kind::restart, "a", {"env"}}});
  CHECK(after([](Server& s) { s.cwd = "/srv"; }) == Plan{{Kind::restart, "a", {"cwd"}}});
  CHECK(after([](Server& s) { s.umask = 7; }) == Plan{{Kind::restart, "a", {"x-mcpctl.umask"}}});
}

TEST_CASE("what the running process can live with is updated in place") {
  using Kind = Change::Kind;
  CHECK(after([](Server& s) { s.restart = config::RestartPolicy::never; }) ==
        Plan{{Kind::update, "a", {"x-mcpctl.restart"}}});
  CHECK(after([](Server& s) { s.stop.term = Duration{1}; }) ==
        Plan{{Kind::update, "a", {"x-mcpctl.stop"}}});
  CHECK(after([](Server& s) { s.depends_on = {{"b", config::Need::ready}}; }) ==
        Plan{{Kind::update, "a", {"x-mcpctl.dependsOn"}}});
  CHECK(after([](Server& s) { s.memory = 1; }) == Plan{{Kind::update, "a", {"x-mcpctl.memory"}}});
}

TEST_CASE("one field that needs a restart is enough, and all changed keys are named in order") {
  const Plan plan = after([](Server& s) {
    s.logs.keep = 9;
    s.args = {"x"};
    s.backoff.initial = Duration{1};
  });

  CHECK(plan == Plan{{Change::Kind::restart, "a", {"args", "x-mcpctl.backoff", "x-mcpctl.logs"}}});
}

TEST_CASE("additions come in the new file's order, removals last") {
  const Plan plan = reconcile(config_of({server("old"), server("kept")}),
                              config_of({server("z"), server("kept"), server("b")}));

  CHECK(plan == Plan{{Change::Kind::add, "z", {}},
                     {Change::Kind::add, "b", {}},
                     {Change::Kind::remove, "old", {}}});
}

TEST_CASE("becoming usable, or unusable, restarts") {
  Config broken;
  broken.unusable = {{"a", "variable TOKEN is not set", {}}};
  const Config whole = config_of({server("a")});

  CHECK(reconcile(broken, whole) == Plan{{Change::Kind::restart, "a", {"usable"}}});
  CHECK(reconcile(whole, broken) == Plan{{Change::Kind::restart, "a", {"usable"}}});
  CHECK(reconcile(broken, broken).empty());
}

TEST_CASE("unusable servers are added and removed like any other") {
  Config broken;
  broken.unusable = {{"a", "variable TOKEN is not set", {}}};

  CHECK(reconcile(Config{}, broken) == Plan{{Change::Kind::add, "a", {}}});
  CHECK(reconcile(broken, Config{}) == Plan{{Change::Kind::remove, "a", {}}});
}
