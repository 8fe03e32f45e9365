#include "loop/connector.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "loop/resolver.h"
#include "loop_fixture.h"
#include "sockets.h"

using namespace mcpctl;
using namespace mcpctl::loop;
using namespace mcpctl::loop::testing;

TEST_CASE("a connector tries the addresses in order and reports the last error") {
  Loop loop;
  Accepting accepting{loop};
  const Address alive = accepting.listener->address();
  Address dead = alive;
  {
    Accepting gone{loop};
    dead = gone.listener->address();
  }
  std::optional<Result<Fd>> outcome;
  const auto keep = [&](Result<Fd> result) { outcome.emplace(std::move(result)); };

  {
    Connector connector{loop, {dead, alive}, keep};
    CHECK_FALSE(outcome);  // never from the constructor
    REQUIRE(turn_until(loop, [&] { return outcome.has_value(); }));
    CHECK(outcome->has_value());
  }
  outcome.reset();
  Connector connector{loop, {dead}, keep};
  REQUIRE(turn_until(loop, [&] { return outcome.has_value(); }));
  REQUIRE_FALSE(outcome->has_value());
  CHECK(outcome->error().message == "cannot connect to " + dead.text() + ": Connection refused");
}

TEST_CASE("a connector may be destroyed in its callback, and when destroyed early never calls") {
  Loop loop;
  Accepting accepting{loop};
  const Address address = accepting.listener->address();
  auto self = std::unique_ptr<Connector>{};
  self = std::make_unique<Connector>(loop, std::vector{address}, [&](Result<Fd>) { self.reset(); });
  {
    Connector early{loop, {address}, [](Result<Fd>) { FAIL("was destroyed"); }};
  }

  CHECK(turn_until(loop, [&] { return self == nullptr; }));
}

TEST_CASE("addresses print as they are written") {
  CHECK(Address::ip("127.0.0.1", 80)->text() == "127.0.0.1:80");
  CHECK(Address::ip("[::1]", 80)->text() == "[::1]:80");
  CHECK(Address::ip("::1", 80)->is_loopback());
  CHECK_FALSE(Address::ip("10.0.0.1", 80)->is_loopback());
  CHECK_FALSE(Address::ip("localhost", 80).has_value());
  CHECK(Address::unix_path("/run/x.sock")->text() == "unix:/run/x.sock");
}

TEST_CASE("localhost resolves, and an impossible name is an error") {
  Loop loop;
  std::optional<Result<std::vector<Address>>> found, missing;
  Lookup good{loop, "localhost", 80,
              [&](Result<std::vector<Address>> result) { found = std::move(result); }};
  Lookup bad{loop, std::string(300, 'x'), 80,
             [&](Result<std::vector<Address>> result) { missing = std::move(result); }};
  {
    Lookup forgotten{loop, "localhost", 80, [](Result<std::vector<Address>>) { FAIL("gone"); }};
  }

  CHECK(turn_until(loop, [&] { return found && missing; }));

  REQUIRE(found->has_value());
  CHECK((*found)->front().is_loopback());
  CHECK_FALSE(missing->has_value());
}
