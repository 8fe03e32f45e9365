// How a server comes up, what intents do to it in every state, and which events
// it does not believe.
#include "supervisor/lifecycle.h"

#include <doctest/doctest.h>

#include "one_server.h"
#include "supervisor/transitions.h"

using namespace mcpctl;
using namespace mcpctl::supervisor;

namespace {

Spec lazy() {
  Spec spec;
  spec.startup = config::Startup::lazy;
  spec.idle_stop = 10min;
  return spec;
}

/// Brings a server into `state`, wherever that is.
OneServer server_in(State state) {
  Spec spec;
  spec.no_restart_exit_codes = {78};
  if (state == State::idle) spec = lazy();
  if (state == State::completed) spec.restart = config::RestartPolicy::on_failure;
  OneServer server{spec};
  switch (state) {
    case State::stopped: break;
    case State::idle:
    case State::waiting: server.is_enabled(); break;
    case State::starting: server.starts_up(); break;
    case State::ready: server.runs(); break;
    case State::degraded:
      server.runs();
      server.health_fails();
      break;
    case State::draining:
      server.runs();
      server.has_in_flight(1);
      server.is_stopped();
      break;
    case State::stopping:
      server.runs();
      server.is_stopped();
      break;
    case State::backoff:
      server.runs();
      server.crashes();
      break;
    case State::failed:
      server.runs();
      server.exits(78);
      break;
    case State::completed:
      server.runs();
      server.exits(0);
      break;
  }
  REQUIRE(server.state() == state);
  return server;
}

}  // namespace

// ---- the way up ------------------------------------------------------------------

TEST_CASE("an eager server that is enabled waits for its admission") {
  OneServer server;

  server.is_enabled();

  CHECK(server.state() == State::waiting);
  CHECK(server.life().goal() == Goal::up);
  CHECK_FALSE(server.has_deadline());
}

TEST_CASE("a lazy server that is enabled is idle until it is demanded") {
  OneServer server{lazy()};
  server.is_enabled();
  CHECK(server.state() == State::idle);

  server.is_demanded();

  CHECK(server.state() == State::waiting);
  CHECK(describe(server.why(), server.state()) == "a request arrived");
}

TEST_CASE("an admitted server is spawned as its next incarnation, under a start timeout") {
  OneServer server;
  server.is_started();

  server.is_admitted();

  CHECK(server.state() == State::starting);
  CHECK(server.current() == Incarnation{1});
  CHECK(server.asked<Spawn>() == 1);
  CHECK(server.waits() == 60s);
}

TEST_CASE("readiness is probed once the process exists, and not before") {
  OneServer server;
  server.is_started();
  server.is_admitted();
  CHECK(server.asked<ProveReadiness>() == 0);

  server.is_spawned();

  CHECK(server.asked<ProveReadiness>() == 1);
}

TEST_CASE("a second word about the same spawn changes nothing") {
  OneServer server;
  server.starts_up();

  server.is_spawned();

  CHECK(server.asked_nothing());
}

TEST_CASE("proven readiness makes it ready and has its health watched") {
  OneServer server;
  server.starts_up();

  server.proves_ready();

  CHECK(server.state() == State::ready);
  CHECK(server.asked<WatchHealth>() == 1);
  CHECK_FALSE(server.has_deadline());
}

TEST_CASE("a silent start ends at the start timeout") {
  OneServer server;
  server.starts_up();

  server.advance(59'999ms);
  CHECK(server.state() == State::starting);
  server.advance(1ms);

  CHECK(server.state() == State::stopping);
  CHECK(server.why().trigger == Trigger::start_timed_out);
}

TEST_CASE("words on stderr stretch the start timeout by as much again") {
  OneServer server;
  server.starts_up();
  server.advance(50s);
  server.says_something();

  server.advance(59s);
  CHECK(server.state() == State::starting);
  server.advance(1s);

  CHECK(server.state() == State::stopping);
}

TEST_CASE("no progress stretches the start timeout beyond its maximum") {
  OneServer server;
  server.starts_up();
  for (int i = 0; i < 29; ++i) {
    server.advance(10s);
    server.says_something();
  }
  CHECK(server.state() == State::starting);

  server.advance(10s);  // 300 s in all

  CHECK(server.state() == State::stopping);
}

TEST_CASE("an unusable server fails with its reason instead of starting") {
  Spec spec;
  spec.unusable = "variable TOKEN is not set";
  OneServer server{spec};

  server.is_enabled();

  CHECK(server.state() == State::failed);
  CHECK(describe(server.why(), server.state()) == "variable TOKEN is not set");
  CHECK_FALSE(server.has_deadline());
}

TEST_CASE("a lazy server that is unusable fails at once, not at its first request") {
  Spec spec = lazy();
  spec.unusable = "variable TOKEN is not set";
  OneServer server{spec};

  server.is_enabled();

  CHECK(server.state() == State::failed);
}

TEST_CASE("a server that becomes unusable while it waits is not spawned any more") {
  OneServer server;
  server.is_enabled();
  Spec spec;
  spec.unusable = "variable TOKEN is not set";

  server.is_reconfigured(spec);

  CHECK(server.state() == State::failed);
}

// ---- health ----------------------------------------------------------------------

TEST_CASE("failing health degrades, recovery makes ready again, probing goes on") {
  OneServer server;
  server.runs();

  server.health_fails();
  CHECK(server.state() == State::degraded);
  CHECK(server.asked<LeaveAlone>() == 0);
  server.health_recovers();

  CHECK(server.state() == State::ready);
  CHECK(server.asked<WatchHealth>() == 0);
}

TEST_CASE("lost health ends the process and counts as a failure") {
  OneServer server = server_in(State::degraded);

  server.health_is_lost();
  CHECK(server.state() == State::stopping);
  CHECK(server.asked<LeaveAlone>() == 1);
  server.exits(0);

  CHECK(server.state() == State::backoff);
  CHECK(server.why().failures == 1);
  CHECK(server.why().root == Trigger::health_lost);
}

TEST_CASE("lost health of a server that is not degraded is a misunderstanding") {
  OneServer server;
  server.runs();

  server.health_is_lost();

  CHECK(server.state() == State::ready);
}

// ---- lazy ------------------------------------------------------------------------

TEST_CASE("a lazy server without requests goes back to sleep") {
  OneServer server{lazy()};
  server.is_enabled();
  server.runs();

  server.advance(10min);
  CHECK(server.state() == State::stopping);
  server.exits(0);

  CHECK(server.state() == State::idle);
  CHECK(server.life().goal() == Goal::up);
}

TEST_CASE("a lazy server does not sleep while a request is in flight") {
  OneServer server{lazy()};
  server.runs();
  server.has_in_flight(1);
  CHECK_FALSE(server.has_deadline());

  server.advance(1h);
  server.has_in_flight(0);

  CHECK(server.state() == State::ready);
  CHECK(server.waits() == 10min);
}

TEST_CASE("a lazy server does not sleep under those that depend on it") {
  OneServer server{lazy()};
  server.runs();

  server.is_needed(true);
  CHECK_FALSE(server.has_deadline());
  server.is_needed(false);

  CHECK(server.waits() == 10min);
}

TEST_CASE("a request for a server that is falling asleep wakes it up again") {
  OneServer server{lazy()};
  server.runs();
  server.advance(10min);

  server.is_demanded();
  server.exits(0);

  CHECK(server.state() == State::waiting);
}

TEST_CASE("an idle server that becomes eager starts") {
  OneServer server{lazy()};
  server.is_enabled();

  server.is_reconfigured(Spec{});

  CHECK(server.state() == State::waiting);
}

TEST_CASE("a server that becomes eager while it falls asleep comes back") {
  OneServer server{lazy()};
  server.runs();
  server.advance(10min);

  server.is_reconfigured(Spec{});
  server.exits(0);

  CHECK(server.state() == State::waiting);
}

TEST_CASE("a new idle time applies to the server that runs") {
  OneServer server;
  server.runs();
  CHECK_FALSE(server.has_deadline());

  server.is_reconfigured(lazy());

  CHECK(server.state() == State::ready);
  CHECK(server.waits() == 10min);
}

// ---- intents in every state ------------------------------------------------------

TEST_CASE("a stop reaches `stopped` from every state, and every process is given its ladder") {
  for (const State from : all_states) {
    CAPTURE(name(from));
    OneServer server = server_in(from);
    const bool lives = server.life().has_process();

    server.is_stopped();
    CHECK(server.life().goal() == Goal::down);
    if (lives) {
      CHECK((server.state() == State::stopping || server.state() == State::draining));
      server.exits(0);
    }

    CHECK(server.state() == State::stopped);
    CHECK_FALSE(server.has_deadline());
  }
}

TEST_CASE("a start leads to a process from every state") {
  for (const State from : all_states) {
    CAPTURE(name(from));
    OneServer server = server_in(from);

    server.is_started();
    CHECK(server.life().goal() == Goal::up);
    if (server.state() == State::draining || server.state() == State::stopping) server.exits(0);
    if (server.state() == State::waiting) server.is_admitted();

    CHECK(server.life().has_process());
  }
}

TEST_CASE("a restart gives every server a new process") {
  for (const State from : all_states) {
    CAPTURE(name(from));
    OneServer server = server_in(from);
    const Incarnation before = server.current();

    server.is_restarted();
    if (server.life().has_process()) server.exits(0);
    CHECK(server.state() == State::waiting);
    server.is_admitted();

    CHECK(server.current().value == before.value + 1);
  }
}

TEST_CASE("a restart for a changed configuration leaves alone what is not wanted or asleep") {
  for (const State from : {State::stopped, State::idle, State::stopping, State::draining}) {
    CAPTURE(name(from));
    OneServer server = server_in(from);

    server.is_restarted(Motive::config_change);

    CHECK(server.state() == from);
    CHECK(server.asked_nothing());
  }
}

TEST_CASE("no reason of our own overrides an operator's stop") {
  for (const Motive motive : {Motive::memory_limit, Motive::files_changed}) {
    OneServer server = server_in(State::stopping);

    server.is_restarted(motive);
    server.exits(0);

    CHECK(server.state() == State::stopped);
  }
}

TEST_CASE("a restart for changed files names them until the next process starts") {
  OneServer server;
  server.runs();

  server.is_restarted(Motive::files_changed, "server.py");
  CHECK(describe(server.why(), server.state()) == "restart: server.py changed");
  server.exits(0);

  CHECK(server.state() == State::waiting);
  CHECK(describe(server.why(), server.state()) == "restart: server.py changed");
}

TEST_CASE("changed files start a server at once that had given up") {
  OneServer server = server_in(State::failed);

  server.is_restarted(Motive::files_changed, "server.py");

  CHECK(server.state() == State::waiting);
}

TEST_CASE("a kill ends the process at once and counts as a failure") {
  OneServer server;
  server.runs();

  server.is_killed();
  CHECK(server.state() == State::stopping);
  CHECK(server.asked<KillTree>() == 1);
  CHECK(server.asked<CloseStdin>() == 0);
  server.crashes();

  CHECK(server.state() == State::backoff);
}

TEST_CASE("a kill of a server without a process does nothing") {
  for (const State from : {State::stopped, State::idle, State::waiting, State::backoff,
                           State::failed, State::completed}) {
    CAPTURE(name(from));
    OneServer server = server_in(from);

    server.is_killed();

    CHECK(server.state() == from);
    CHECK(server.asked_nothing());
  }
}

TEST_CASE("a reset starts what waits in vain, and nothing else") {
  for (const State from : all_states) {
    CAPTURE(name(from));
    OneServer server = server_in(from);

    server.is_reset();

    const bool waited = from == State::backoff || from == State::failed;
    CHECK(server.state() == (waited ? State::waiting : from));
  }
}

TEST_CASE("a demand moves only an idle server") {
  for (const State from : all_states) {
    CAPTURE(name(from));
    OneServer server = server_in(from);

    server.is_demanded();

    CHECK(server.state() == (from == State::idle ? State::waiting : from));
  }
}

TEST_CASE("the last intent wins: stop, start, stop while stopping ends stopped") {
  OneServer server = server_in(State::stopping);

  server.is_started();
  server.is_stopped();
  server.exits(0);

  CHECK(server.state() == State::stopped);
}

TEST_CASE("the last intent wins: stop, then start while stopping comes back") {
  OneServer server = server_in(State::stopping);

  server.is_started();
  CHECK(server.state() == State::stopping);
  server.exits(0);

  CHECK(server.state() == State::waiting);
}

TEST_CASE("a stop during backoff stops without waiting") {
  OneServer server = server_in(State::backoff);

  server.is_stopped();

  CHECK(server.state() == State::stopped);
  CHECK_FALSE(server.has_deadline());
}

TEST_CASE("an enabled lazy server on its way down goes to sleep instead of coming back") {
  OneServer server{lazy()};
  server.runs();
  server.is_stopped();

  server.is_enabled();
  server.exits(0);

  CHECK(server.state() == State::idle);
}

// ---- what it does not believe ----------------------------------------------------

TEST_CASE("no event about a previous incarnation touches its successor") {
  OneServer server;
  server.runs();
  server.crashes_and_waits_out_its_backoff();
  server.proves_ready();
  REQUIRE(server.current() == Incarnation{2});

  const Incarnation previous{1};
  for (const Event& stale : std::vector<Event>{
           Spawned{previous}, SpawnFailed{previous, "x", false}, ReadinessProven{previous},
           Progressed{previous}, HealthFailing{previous}, HealthLost{previous},
           TrafficChanged{previous, 7}, Exited{previous, {}, true}, TreeEmptied{previous}}) {
    server.receives(stale);

    CHECK(server.asked_nothing());
    CHECK(server.state() == State::ready);
  }
}

TEST_CASE("a deadline that was disarmed and fires late is known by its token") {
  OneServer server;
  server.starts_up();
  const DeadlineToken start_timeout = server.token();
  server.proves_ready();

  server.receives(DeadlineReached{start_timeout});

  CHECK(server.state() == State::ready);
  CHECK(server.asked_nothing());
}

TEST_CASE("the first stop's deadline never hurts the second process") {
  OneServer server;
  server.runs();
  server.is_stopped();
  const DeadlineToken of_first_stop = server.token();
  server.exits(0);
  server.starts_up();
  server.is_stopped();

  server.receives(DeadlineReached{of_first_stop});

  CHECK(server.asked_nothing());
  CHECK(server.waits() == 2s);
}

TEST_CASE("an exit that is reported twice counts once") {
  OneServer server;
  server.runs();
  server.crashes();

  server.crashes();

  CHECK(server.asked_nothing());
  CHECK(server.why().failures == 1);
}

TEST_CASE("restarts counts the starts that nobody asked for") {
  OneServer server;
  server.runs();
  server.crashes_and_waits_out_its_backoff();
  CHECK(server.life().restarts() == 1);

  server.is_restarted();
  server.exits(0);
  server.starts_up();

  CHECK(server.life().restarts() == 1);
}
