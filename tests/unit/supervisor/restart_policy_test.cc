// What follows an end that nobody asked for: policies, failures that no retry mends,
// the crash loop, parole and the slow retry.
#include <doctest/doctest.h>

#include "one_server.h"

using namespace mcpctl;
using namespace mcpctl::supervisor;

namespace {

Spec with(config::RestartPolicy policy) {
  Spec spec;
  spec.restart = policy;
  return spec;
}

OneServer crash_looping() {
  OneServer server;
  server.starts_up();
  for (int i = 0; i < 7; ++i) server.crashes_and_waits_out_its_backoff();
  server.crashes();
  return server;
}

}  // namespace

TEST_CASE("policy always: an exit with success restarts, after a backoff") {
  OneServer server{with(config::RestartPolicy::always)};
  server.runs();

  server.exits(0);
  CHECK(server.state() == State::backoff);
  CHECK(server.waits() >= 400ms);
  CHECK(server.waits() <= 600ms);
  server.deadline_passes();

  CHECK(server.state() == State::waiting);
  CHECK(server.why().trigger == Trigger::backoff_elapsed);
}

TEST_CASE("policy unless-stopped: restarts like always") {
  OneServer server{with(config::RestartPolicy::unless_stopped)};
  server.runs();

  server.exits(0);

  CHECK(server.state() == State::backoff);
}

TEST_CASE("policy on-failure: success completes, failure restarts") {
  OneServer good{with(config::RestartPolicy::on_failure)};
  good.runs();
  OneServer bad{with(config::RestartPolicy::on_failure)};
  bad.runs();

  good.exits(0);
  bad.exits(1);

  CHECK(good.state() == State::completed);
  CHECK(bad.state() == State::backoff);
}

TEST_CASE("policy never: success completes, failure fails without a retry") {
  OneServer good{with(config::RestartPolicy::never)};
  good.runs();
  OneServer bad{with(config::RestartPolicy::never)};
  bad.runs();

  good.exits(0);
  bad.exits(1);

  CHECK(good.state() == State::completed);
  CHECK(bad.state() == State::failed);
  CHECK(bad.why().gave_up == GaveUp::policy);
  CHECK_FALSE(bad.has_deadline());
}

TEST_CASE("policy never: lost health ends failed, too") {
  OneServer server{with(config::RestartPolicy::never)};
  server.runs();
  server.health_fails();
  server.health_is_lost();

  server.exits(0);

  CHECK(server.state() == State::failed);
  CHECK(server.why().gave_up == GaveUp::policy);
}

TEST_CASE("configured success codes count as success, a signal never does") {
  Spec spec = with(config::RestartPolicy::on_failure);
  spec.success_exit_codes = {0, 3};
  OneServer good{spec};
  good.runs();
  OneServer bad{spec};
  bad.runs();

  good.exits(3);
  bad.crashes();

  CHECK(good.state() == State::completed);
  CHECK(bad.state() == State::backoff);
}

TEST_CASE("an exit code that no retry mends fails at once, with a slow retry") {
  Spec spec;
  spec.no_restart_exit_codes = {78};
  OneServer server{spec};
  server.runs();

  server.exits(78);

  CHECK(server.state() == State::failed);
  CHECK(server.why().gave_up == GaveUp::not_worth_retrying);
  CHECK(server.waits() == 300s);
}

TEST_CASE("a spawn that no retry mends fails at once and says why") {
  OneServer server;
  server.is_started();
  server.is_admitted();

  server.cannot_be_spawned();

  CHECK(server.state() == State::failed);
  CHECK(server.waits() == 300s);
  CHECK(describe(server.why(), server.state()) == "No such file or directory; next try in 5m");
}

TEST_CASE("a shortage is retried with backoff for ever and counts toward nothing") {
  OneServer server;
  server.is_started();
  for (int i = 0; i < 30; ++i) {
    server.is_admitted();
    server.cannot_be_spawned_now();
    REQUIRE(server.state() == State::backoff);
    CHECK(server.why().failures == 0);
    server.deadline_passes();
  }

  server.is_admitted();
  server.is_spawned();
  server.crashes();

  CHECK(server.state() == State::backoff);
  CHECK(server.why().failures == 1);
}

TEST_CASE("a start that timed out is a failed run") {
  OneServer server;
  server.starts_up();
  server.advance(60s);

  server.exits(0);

  CHECK(server.state() == State::backoff);
  CHECK(describe(server.why(), server.state()).starts_with("not ready in time; exit code 0"));
}

TEST_CASE("eight failed runs within two minutes are a crash loop") {
  const OneServer server = crash_looping();

  CHECK(server.state() == State::failed);
  CHECK(server.why().gave_up == GaveUp::crash_loop);
  CHECK(server.why().failures == 8);
  CHECK(server.waits() == 300s);
}

TEST_CASE("the slow retry gets one try") {
  OneServer server = crash_looping();

  server.deadline_passes();
  CHECK(server.state() == State::waiting);
  CHECK(server.why().trigger == Trigger::retry_elapsed);
  server.is_admitted();
  server.is_spawned();
  server.crashes();

  CHECK(server.state() == State::failed);
  CHECK(server.waits() == 300s);
}

TEST_CASE("a slow retry that becomes stable is trusted again") {
  OneServer server = crash_looping();
  server.deadline_passes();
  server.is_admitted();
  server.is_spawned();
  server.proves_ready();

  server.advance(60s);
  server.crashes();

  CHECK(server.state() == State::backoff);
  CHECK(server.waits() == 100ms);
}

TEST_CASE("no slow retry is made where none is configured") {
  Spec spec;
  spec.crash_loop.failures = 1;
  spec.crash_loop.retry = 0ms;
  OneServer server{spec};
  server.runs();

  server.crashes();

  CHECK(server.state() == State::failed);
  CHECK_FALSE(server.has_deadline());
}

TEST_CASE("start, restart and reset forgive a crash loop") {
  for (int way = 0; way < 3; ++way) {
    CAPTURE(way);
    OneServer server = crash_looping();
    if (way == 0) server.is_started();
    if (way == 1) server.is_restarted();
    if (way == 2) server.is_reset();
    REQUIRE(server.state() == State::waiting);
    server.is_admitted();
    server.is_spawned();

    server.crashes();

    CHECK(server.state() == State::backoff);
    CHECK(server.why().failures == 1);
  }
}

TEST_CASE("a stop forgives, even one that comes while it is stopping already") {
  OneServer server;
  server.starts_up();
  for (int i = 0; i < 7; ++i) server.crashes_and_waits_out_its_backoff();
  server.is_killed();

  server.is_stopped();
  server.crashes();
  server.is_enabled();
  server.is_admitted();
  server.is_spawned();
  server.crashes();

  CHECK(server.state() == State::backoff);
  CHECK(server.why().failures == 1);
}

TEST_CASE("only time in ready makes a run stable, not time spent unresponsive") {
  OneServer server;
  server.runs();
  server.crashes_and_waits_out_its_backoff();
  server.proves_ready();
  server.advance(30s);
  server.health_fails();
  server.advance(90s);
  server.health_is_lost();

  server.exits(0);

  CHECK(server.why().failures == 2);
}

TEST_CASE("restarts that were asked for are not failures") {
  OneServer server;
  for (int i = 0; i < 20; ++i) {
    server.runs();
    server.is_restarted(Motive::config_change);
    server.exits(1);
    REQUIRE(server.state() == State::waiting);
  }
  server.runs();

  server.crashes();

  CHECK(server.why().failures == 1);
}

TEST_CASE("a server over its memory limit is restarted in order and judged as a failure") {
  OneServer server;
  server.runs();

  server.is_restarted(Motive::memory_limit);
  CHECK(server.asked<CloseStdin>() == 1);
  server.exits(0);

  CHECK(server.state() == State::backoff);
  CHECK(server.why().failures == 1);
}
