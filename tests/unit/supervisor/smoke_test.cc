#include <doctest/doctest.h>

#include "supervisor/fleet.h"

using namespace mcpctl;
using namespace mcpctl::supervisor;

TEST_CASE("an enabled server is spawned, proven ready, and stopped by closing its stdin") {
  Fleet fleet{4, 1};
  const ServerId id = fleet.add("a", Spec{}, {});

  fleet.enable(id, Instant{});
  fleet.deliver(id, Spawned{{1}}, Instant{});
  fleet.deliver(id, ReadinessProven{{1}}, Instant{});

  CHECK(fleet.find(id)->life.state() == State::ready);

  fleet.stop_all(Duration{8000}, Instant{});
  CHECK(fleet.find(id)->life.state() == State::stopping);
  fleet.deliver(id, Exited{{1}, {}, true}, Instant{});
  CHECK(fleet.find(id)->life.state() == State::stopped);
}
