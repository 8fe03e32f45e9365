// How a server goes down: draining, the rungs of the ladder, stragglers, survivors.
#include <doctest/doctest.h>

#include "one_server.h"

using namespace mcpctl;
using namespace mcpctl::supervisor;

TEST_CASE("a stop closes stdin, then signals the tree, then kills it, each in its time") {
  OneServer server;
  server.runs();

  server.is_stopped();
  CHECK(server.asked<CloseStdin>() == 1);
  CHECK(server.asked<SignalTree>() == 0);
  server.advance(1'999ms);
  CHECK(server.asked_nothing());
  server.advance(1ms);
  CHECK(server.asked<SignalTree>() == 1);
  CHECK(server.asked<KillTree>() == 0);
  server.advance(4'999ms);
  CHECK(server.asked_nothing());
  server.advance(1ms);

  CHECK(server.asked<KillTree>() == 1);
  CHECK(server.state() == State::stopping);
}

TEST_CASE("a server that ends on any rung is stopped at once") {
  for (const Duration patience : {0ms, 2'000ms, 7'000ms}) {
    CAPTURE(patience.count());
    OneServer server;
    server.runs();
    server.is_stopped();
    server.advance(patience);

    server.exits(0);

    CHECK(server.state() == State::stopped);
    CHECK_FALSE(server.has_deadline());
  }
}

TEST_CASE("a server without stdin is signalled at once") {
  Spec spec;
  spec.has_stdin = false;
  OneServer server{spec};
  server.runs();

  server.is_stopped();

  CHECK(server.asked<CloseStdin>() == 0);
  CHECK(server.asked<SignalTree>() == 1);
}

TEST_CASE("a ladder without an eof rung closes stdin and signals together") {
  Spec spec;
  spec.stop.eof = 0ms;
  OneServer server{spec};
  server.runs();

  server.is_stopped();

  CHECK(server.asked<CloseStdin>() == 1);
  CHECK(server.asked<SignalTree>() == 1);
}

TEST_CASE("a ladder without a term rung kills after eof") {
  Spec spec;
  spec.stop.term = 0ms;
  OneServer server{spec};
  server.runs();
  server.is_stopped();

  server.advance(2s);

  CHECK(server.asked<SignalTree>() == 0);
  CHECK(server.asked<KillTree>() == 1);
}

TEST_CASE("a reload of the transport does not change which process has a stdin to close") {
  OneServer server;
  server.runs();
  Spec http;
  http.has_stdin = false;
  server.is_reconfigured(http);

  server.is_stopped();

  CHECK(server.asked<CloseStdin>() == 1);
}

TEST_CASE("a leader that exits on eof and leaves stragglers has them signalled at once") {
  OneServer server;
  server.runs();
  server.is_stopped();

  server.leader_exits(0);
  CHECK(server.asked<SignalTree>() == 1);
  CHECK(server.state() == State::stopping);
  server.last_straggler_dies();

  CHECK(server.state() == State::stopped);
}

TEST_CASE("stragglers that ignore the signal are killed although their leader is gone") {
  OneServer server;
  server.runs();
  server.is_stopped();
  server.leader_exits(0);

  server.advance(5s);

  CHECK(server.asked<KillTree>() == 1);
}

TEST_CASE("a crash that leaves stragglers restarts only when they are gone") {
  OneServer server;
  server.runs();

  server.leader_exits(1);
  CHECK(server.state() == State::stopping);
  CHECK(server.asked<SignalTree>() == 1);
  server.last_straggler_dies();

  CHECK(server.state() == State::backoff);
  CHECK(server.why().exit.code == 1);
}

TEST_CASE("probes end the moment a server goes down") {
  OneServer server;
  server.runs();

  server.is_stopped();

  CHECK(server.asked<LeaveAlone>() == 1);
}

TEST_CASE("a second stop does not start the ladder anew") {
  OneServer server;
  server.runs();
  server.is_stopped();
  server.advance(1s);

  server.is_stopped();

  CHECK(server.asked_nothing());
  CHECK(server.waits() == 1s);
}

TEST_CASE("a kill during the ladder goes to its last rung") {
  OneServer server;
  server.runs();
  server.is_stopped();

  server.is_killed();
  CHECK(server.asked<KillTree>() == 1);
  server.is_killed();

  CHECK(server.asked_nothing());
}

// ---- draining --------------------------------------------------------------------

TEST_CASE("requests in flight finish before the ladder begins") {
  OneServer server;
  server.runs();
  server.has_in_flight(2);

  server.is_stopped();
  CHECK(server.state() == State::draining);
  CHECK(server.asked<CloseStdin>() == 0);
  server.has_in_flight(1);
  CHECK(server.state() == State::draining);
  server.has_in_flight(0);

  CHECK(server.state() == State::stopping);
  CHECK(server.asked<CloseStdin>() == 1);
}

TEST_CASE("draining ends when its time is over, whatever is in flight") {
  OneServer server;
  server.runs();
  server.has_in_flight(2);
  server.is_stopped();

  server.advance(5s);

  CHECK(server.state() == State::stopping);
  CHECK(server.why().trigger == Trigger::drain_timed_out);
}

TEST_CASE("no drain time means no draining") {
  Spec spec;
  spec.stop.drain = 0ms;
  OneServer server{spec};
  server.runs();
  server.has_in_flight(2);

  server.is_stopped();

  CHECK(server.state() == State::stopping);
}

TEST_CASE("a server that dies while it drains is stopped, or comes back if that is wanted") {
  OneServer stopped;
  stopped.runs();
  stopped.has_in_flight(1);
  stopped.is_stopped();
  OneServer restarted;
  restarted.runs();
  restarted.has_in_flight(1);
  restarted.is_restarted();

  stopped.crashes();
  restarted.crashes();

  CHECK(stopped.state() == State::stopped);
  CHECK(restarted.state() == State::waiting);
}

TEST_CASE("a kill cuts draining short") {
  OneServer server;
  server.runs();
  server.has_in_flight(1);
  server.is_stopped();

  server.is_killed();

  CHECK(server.state() == State::stopping);
  CHECK(server.asked<KillTree>() == 1);
}

// ---- survivors -------------------------------------------------------------------

namespace {

OneServer survivor(Spec spec = {}) {
  OneServer server{spec};
  server.runs();
  server.is_killed();
  server.advance(2s);
  return server;
}

}  // namespace

TEST_CASE("what outlives SIGKILL makes the server failed, and is still its process") {
  const OneServer server = survivor();

  CHECK(server.state() == State::failed);
  CHECK(server.life().has_process());
  CHECK_FALSE(server.has_deadline());
  CHECK(describe(server.why(), server.state()) == "a process survived SIGKILL");
}

TEST_CASE("nothing is spawned beside a survivor") {
  OneServer server = survivor();

  server.is_started();
  server.is_restarted();
  server.is_reset();

  CHECK(server.state() == State::failed);
  CHECK(server.asked_nothing());
}

TEST_CASE("a survivor that dies after a start was asked for makes room at once") {
  OneServer server = survivor();
  server.is_started();

  server.crashes();

  CHECK(server.state() == State::waiting);
}

TEST_CASE("a survivor that dies by itself is judged like any other failure") {
  OneServer server = survivor();

  server.crashes();

  CHECK(server.state() == State::backoff);
  CHECK_FALSE(server.life().has_process());
}

TEST_CASE("a survivor's death restarts nothing that is never restarted") {
  Spec spec;
  spec.restart = config::RestartPolicy::never;
  OneServer server = survivor(spec);

  server.crashes();

  CHECK(server.state() == State::failed);
  CHECK(server.why().gave_up == GaveUp::policy);
  CHECK_FALSE(server.life().has_process());
}

TEST_CASE("a survivor of a server that is not wanted leaves it stopped when it dies") {
  OneServer server = survivor();
  server.is_stopped();
  CHECK(server.state() == State::failed);

  server.leader_exits(0);
  CHECK(server.state() == State::failed);
  server.last_straggler_dies();

  CHECK(server.state() == State::stopped);
}

TEST_CASE("a kill tries a survivor again") {
  OneServer server = survivor();

  server.is_killed();

  CHECK(server.asked<KillTree>() == 1);
}

// ---- a spawn that takes its time ---------------------------------------------------

TEST_CASE("nothing is asked of a process that does not exist yet") {
  OneServer server;
  server.is_started();
  server.is_admitted();

  server.is_stopped();
  CHECK(server.asked<CloseStdin>() == 0);
  CHECK(server.asked<LeaveAlone>() == 0);
  server.is_spawned();

  CHECK(server.asked<ProveReadiness>() == 0);
  CHECK(server.asked<CloseStdin>() == 1);
  CHECK(server.waits() == 2s);
}

TEST_CASE("a stop before the spawn failed ends with its failure") {
  OneServer server;
  server.is_started();
  server.is_admitted();
  server.is_stopped();

  server.cannot_be_spawned();

  CHECK(server.state() == State::stopped);
}

TEST_CASE("a process that appears when its ladder has run out is killed") {
  OneServer server;
  server.is_started();
  server.is_admitted();
  server.is_stopped();
  server.advance(9s);
  REQUIRE(server.state() == State::failed);

  server.is_spawned();

  CHECK(server.asked<KillTree>() == 1);
}

TEST_CASE("a spawn that fails when its ladder has run out leaves nothing behind") {
  OneServer server;
  server.is_started();
  server.is_admitted();
  server.is_stopped();
  server.advance(9s);

  server.cannot_be_spawned();

  CHECK(server.state() == State::stopped);
}
