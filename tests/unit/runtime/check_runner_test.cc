#include "runtime/check_runner.h"

#include <doctest/doctest.h>

#include <optional>

#include "http/server.h"
#include "loop/address.h"
#include "spawn/cookie.h"
#include "tests/unit/children.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using mcpctl::testing::adopt_orphans;
using mcpctl::testing::has_children;
using mcpctl::testing::poll_until;
using mcpctl::testing::turn_for;

namespace {

struct CheckOutcome {
  bool succeeded{false};
  std::string why;
};

struct Checker {
  Checker() { adopt_orphans(); }

  CheckOutcome check(health::Check kind, const CheckTarget& target,
                     Duration timeout = Duration{5'000}) {
    std::optional<CheckOutcome> outcome;
    runner.begin(kind, target, timeout, [&](bool succeeded, const std::string& why) {
      CHECK_FALSE(outcome.has_value());
      outcome = {succeeded, why};
    });
    REQUIRE(poll_until(loop, [&] { return outcome.has_value(); }));
    return *outcome;
  }

  CheckOutcome run(std::vector<std::string> command, Duration timeout = Duration{5'000}) {
    CheckTarget target;
    target.server = "checked";
    target.command = std::move(command);
    target.cwd = "/tmp";
    target.cookie = spawn::to_string(
        {"check-test", "checked!check", Incarnation{1}, spawn::SupervisorInstance::current()});
    target.env = {std::string{spawn::cookie_variable} + "=" + target.cookie, "PATH=/usr/bin:/bin"};
    return check(health::Check::exec, target, timeout);
  }

  loop::Loop loop;
  TreeWatch trees{loop};
  CheckRunner runner{loop, trees};
};

/// Answers every request with `status`; with 0 never.
struct Answering {
  Answering(loop::Loop& loop, int status)
      : server(loop, [this, status](http::Exchange exchange) {
          if (status == 0) return static_cast<void>(held.emplace(std::move(exchange)));
          exchange.respond(status, "text/plain", "hello");
        }) {
    REQUIRE(server.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
    target.port = server.address().port();
  }

  CheckTarget target;
  std::optional<http::Exchange> held;
  http::Server server;
};

}  // namespace

TEST_CASE("a tcp check succeeds where something listens, and fails where nothing does") {
  Checker checker;
  CheckTarget target;
  {
    Answering door{checker.loop, 200};
    target = door.target;
    CHECK(checker.check(health::Check::tcp, target).succeeded);
  }

  const CheckOutcome closed = checker.check(health::Check::tcp, target);

  CHECK_FALSE(closed.succeeded);
  CHECK(closed.why.starts_with("tcp 127.0.0.1:" + std::to_string(target.port) + ": "));
}

TEST_CASE("an http check succeeds from 200 to 399 and nowhere else") {
  Checker checker;
  for (const int good : {200, 204, 302, 399}) {
    Answering door{checker.loop, good};
    CHECK(checker.check(health::Check::http_get, door.target).succeeded);
  }
  for (const int bad : {400, 404, 500, 503}) {
    Answering door{checker.loop, bad};
    const CheckOutcome outcome = checker.check(health::Check::http_get, door.target);
    CHECK_FALSE(outcome.succeeded);
    CHECK(outcome.why.find("HTTP status " + std::to_string(bad)) != std::string::npos);
  }
}

TEST_CASE("an http check that is never answered ends with its time") {
  Checker checker;
  Answering door{checker.loop, 0};

  const CheckOutcome outcome = checker.check(health::Check::http_get, door.target, Duration{100});

  CHECK_FALSE(outcome.succeeded);
  CHECK(outcome.why.find("no answer in 100ms") != std::string::npos);
}

TEST_CASE("an exec check succeeds with exit code 0, else quotes the last line") {
  {
    Checker checker;

    CHECK(checker.run({"true"}).succeeded);
    const CheckOutcome bad = checker.run({"sh", "-c", "echo first; echo disk is full >&2; exit 3"});
    CHECK_FALSE(bad.succeeded);
    CHECK(bad.why == "exec sh: exit code 3: disk is full");
    CHECK_FALSE(checker.run({"no-such-command-anywhere"}).succeeded);
    CHECK_FALSE(checker.run({}).succeeded);
    CHECK_FALSE(checker.run({"sh", "-c", "kill -9 $$"}).succeeded);
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("an exec check that hangs is killed with everything it started") {
  {
    Checker checker;

    const CheckOutcome outcome = checker.run({"sh", "-c", "sleep 60 & sleep 60"}, Duration{100});

    CHECK_FALSE(outcome.succeeded);
    CHECK(outcome.why == "exec sh: no answer in 100ms");
    CHECK(poll_until(checker.loop, [] { return !has_children(); }));
  }
}

TEST_CASE("an exec check may write without end") {
  Checker checker;

  const CheckOutcome outcome = checker.run({"sh", "-c", "head -c 3000000 /dev/zero; exit 0"});

  CHECK(outcome.succeeded);
}

TEST_CASE("the end of a check may destroy its runner") {
  loop::Loop loop;
  TreeWatch trees{loop};
  Answering door{loop, 200};
  for (const auto kind : {health::Check::tcp, health::Check::http_get}) {
    std::optional<CheckRunner> runner;
    runner.emplace(loop, trees);
    runner->begin(kind, door.target, Duration{5'000},
                  [&](bool, const std::string&) { runner.reset(); });
    CHECK(poll_until(loop, [&] { return !runner.has_value(); }));
  }
}

TEST_CASE("a new check replaces the one under way, which is not told of any more") {
  Checker checker;
  Answering silent{checker.loop, 0};
  bool told = false;
  checker.runner.begin(health::Check::http_get, silent.target, Duration{50},
                       [&](bool, const std::string&) { told = true; });

  Answering door{checker.loop, 200};
  CHECK(checker.check(health::Check::http_get, door.target).succeeded);

  turn_for(checker.loop, Duration{100});
  CHECK_FALSE(told);
}
