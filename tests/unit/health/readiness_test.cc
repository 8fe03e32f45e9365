#include "health/readiness.h"

#include <doctest/doctest.h>

#include <vector>

namespace mcpctl::health {
namespace {

using namespace std::chrono_literals;
using Proof = ReadinessPolicy::Proof;

class Start {
 public:
  explicit Start(ReadinessPolicy policy) : readiness{policy} { tell(ProofBegan{}); }

  void tell(const ReadinessEvent& event) {
    for (const ReadinessAction& action : readiness.step(event, now)) {
      if (const auto* arm = std::get_if<ArmDeadline>(&action)) armed = *arm;
      if (std::holds_alternative<DisarmDeadline>(action)) armed.reset();
      if (const auto* begin = std::get_if<BeginCheck>(&action)) {
        CHECK_FALSE(running.has_value());
        running = *begin;
        tried_at.push_back(now);
      }
      if (std::holds_alternative<AbandonCheck>(action)) {
        running.reset();
        ++abandoned;
      }
      if (std::holds_alternative<DeclareReady>(action)) ++ready;
    }
  }
  void fails() {
    const CheckId id = running->id;
    running.reset();
    tell(TryFailed{id});
  }
  void succeeds() {
    const CheckId id = running->id;
    running.reset();
    tell(TrySucceeded{id});
  }
  void waits(Duration duration) {
    const Instant end = now + duration;
    while (armed && armed->at <= end) {
      now = std::max(now, armed->at);
      const DeadlineToken token = armed->token;
      armed.reset();
      tell(DeadlineReached{token});
    }
    now = end;
  }

  Readiness readiness;
  Instant now{1h};
  std::optional<ArmDeadline> armed;
  std::optional<BeginCheck> running;
  std::vector<Instant> tried_at;
  int ready{0};
  int abandoned{0};
};

ReadinessPolicy by(Check check) {
  ReadinessPolicy policy;
  policy.proof = Proof::check;
  policy.check = check;
  return policy;
}

ReadinessPolicy by(Proof proof, Duration after = 0s) {
  ReadinessPolicy policy;
  policy.proof = proof;
  policy.after = after;
  return policy;
}

TEST_CASE("the first try comes at once") {
  Start server{by(Check::tcp)};
  REQUIRE(server.running.has_value());
  CHECK(server.running->check == Check::tcp);
  CHECK(server.tried_at == std::vector<Instant>{server.now});
}

TEST_CASE("tries come ever slower, up to one in two seconds, and never end by themselves") {
  Start server{by(Check::http_get)};
  std::vector<Duration> pauses;
  for (int i = 0; i < 17; ++i) {
    server.fails();
    pauses.push_back(server.armed->at - server.now);
    server.waits(pauses.back());
  }
  CHECK(pauses == std::vector<Duration>{5ms, 7ms, 10ms, 15ms, 22ms, 33ms, 49ms, 73ms, 109ms, 163ms,
                                        244ms, 366ms, 549ms, 823ms, 1234ms, 1851ms, 2s});
  CHECK(server.readiness.tries() == 18);
  CHECK(server.ready == 0);
}

TEST_CASE("the first success is readiness, said once") {
  Start server{by(Check::exec)};
  server.fails();
  server.waits(5ms);

  server.succeeds();

  CHECK(server.ready == 1);
  CHECK(server.readiness.is_ready());
  CHECK_FALSE(server.armed.has_value());
}

TEST_CASE("a try that is never reported is abandoned and repeated") {
  Start server{by(Check::http_get)};
  server.waits(6s);
  CHECK(server.abandoned == 1);
  server.waits(5ms);
  CHECK(server.tried_at.size() == 2);
}

TEST_CASE("the late success of an abandoned try proves nothing") {
  Start server{by(Check::http_get)};
  const CheckId old = server.running->id;
  server.waits(7s);

  server.tell(TrySucceeded{old});

  CHECK(server.ready == 0);
}

TEST_CASE("a server that is stopped while it is tried is left alone") {
  Start server{by(Check::exec)};
  const CheckId old = server.running->id;

  server.tell(ProofEnded{});
  server.tell(TrySucceeded{old});

  CHECK(server.abandoned == 1);
  CHECK(server.ready == 0);
  CHECK_FALSE(server.armed.has_value());
}

TEST_CASE("the next incarnation begins with the shortest pause again") {
  Start server{by(Check::tcp)};
  for (int i = 0; i < 5; ++i) {
    server.fails();
    server.waits(2s);
  }
  server.tell(ProofEnded{});
  server.running.reset();

  server.tell(ProofBegan{});
  server.fails();

  CHECK(server.armed->at - server.now == 5ms);
}

TEST_CASE("a process that only has to survive is ready after its time") {
  Start server{by(Proof::survival, 3s)};
  server.waits(2'999ms);
  CHECK(server.ready == 0);
  server.waits(1ms);
  CHECK(server.ready == 1);
}

TEST_CASE("each proof is accepted only where it was asked for") {
  const auto ready_after = [](Proof proof, const ReadinessEvent& event) {
    Start server{by(proof)};
    CHECK_FALSE(server.armed.has_value());
    server.tell(event);
    return server.ready == 1;
  };
  CHECK(ready_after(Proof::conversation, ConversationOpened{}));
  CHECK(ready_after(Proof::log_line, LineMatched{}));
  CHECK(ready_after(Proof::notification, ReadyNotified{}));
  CHECK_FALSE(ready_after(Proof::conversation, LineMatched{}));
  CHECK_FALSE(ready_after(Proof::log_line, ReadyNotified{}));
  CHECK_FALSE(ready_after(Proof::notification, ConversationOpened{}));
}

TEST_CASE("a proof given twice is said once") {
  Start server{by(Proof::log_line)};
  server.tell(LineMatched{});
  server.tell(LineMatched{});
  CHECK(server.ready == 1);
}

TEST_CASE("what proves readiness follows from method, kind and transport") {
  using Method = config::Readiness::Method;
  config::Readiness automatic;
  const auto stdio = readiness_policy(automatic, config::Kind::mcp, config::Transport::stdio);
  const auto http = readiness_policy(automatic, config::Kind::mcp, config::Transport::http);
  const auto remote = readiness_policy(automatic, config::Kind::mcp, config::Transport::remote);
  const auto process = readiness_policy(automatic, config::Kind::process, config::Transport::stdio);
  CHECK(stdio.proof == Proof::conversation);
  CHECK(http.proof == Proof::check);
  CHECK(http.check == Check::handshake);
  CHECK(remote.check == Check::handshake);
  CHECK(process.proof == Proof::survival);

  config::Readiness exec;
  exec.method = Method::exec;
  CHECK(readiness_policy(exec, config::Kind::mcp, config::Transport::stdio).check == Check::exec);
}

}  // namespace
}  // namespace mcpctl::health
