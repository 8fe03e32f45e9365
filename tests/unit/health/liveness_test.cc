#include "health/liveness.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "base/rng.h"

namespace mcpctl::health {
namespace {

using namespace std::chrono_literals;

LivenessPolicy ping_policy() {
  LivenessPolicy policy;
  policy.check = Check::ping;
  return policy;
}

/// One watched server; time passes by waits(), and deadlines fire when due.
class Watch {
 public:
  explicit Watch(LivenessPolicy policy = ping_policy(), std::uint64_t chance = 0)
      : liveness{policy} {
    tell(WatchBegan{chance});
  }

  void tell(const LivenessEvent& event) {
    for (const LivenessAction& action : liveness.step(event, now)) {
      if (const auto* arm = std::get_if<ArmDeadline>(&action)) armed = *arm;
      if (std::holds_alternative<DisarmDeadline>(action)) armed.reset();
      if (const auto* begin = std::get_if<BeginCheck>(&action)) {
        CHECK_FALSE(running.has_value());
        running = *begin;
        asked.push_back(begin->check);
        asked_at.push_back(now);
      }
      if (std::holds_alternative<AbandonCheck>(action)) {
        running.reset();
        ++abandoned;
      }
      if (const auto* judge = std::get_if<Judge>(&action)) verdicts.push_back(judge->verdict);
    }
  }

  /// The server's manners for each check: unset, it never reports.
  void waits(Duration duration) {
    const Instant end = now + duration;
    for (;;) {
      std::optional<Instant> next;
      if (armed) next = armed->at;
      if (running && report_after && (!next || asked_at.back() + *report_after < *next)) {
        next = asked_at.back() + *report_after;
      }
      if (!next || *next > end) break;
      now = std::max(now, *next);
      if (running && report_after && asked_at.back() + *report_after <= now) {
        report();
      } else {
        const DeadlineToken token = armed->token;
        armed.reset();
        ++wakeups;
        tell(DeadlineReached{token});
      }
    }
    now = end;
  }

  void report() {
    const BeginCheck check = *running;
    running.reset();
    if (alive.contains(check.check)) {
      tell(CheckSucceeded{check.id});
    } else {
      tell(CheckFailed{check.id, check.check});
    }
  }

  /// Answers these checks, and reports the others as timed out.
  void answers(std::set<Check> checks) {
    alive = std::move(checks);
    report_after = alive.empty() ? 5s : Duration{10};
  }
  void hangs() {
    alive.clear();
    report_after = 5s;
  }

  Liveness liveness;
  Instant now{1h};
  std::optional<ArmDeadline> armed;
  std::optional<BeginCheck> running;
  std::set<Check> alive;
  std::optional<Duration> report_after;
  std::vector<Check> asked;
  std::vector<Instant> asked_at;
  std::vector<Verdict> verdicts;
  int abandoned{0};
  int wakeups{0};
};

using Asked = std::vector<Check>;
using Verdicts = std::vector<Verdict>;

TEST_CASE("an idle server is asked once per interval") {
  Watch server;
  server.answers({Check::ping});

  server.waits(60s);

  CHECK(server.asked == Asked{Check::ping, Check::ping, Check::ping});
  CHECK(server.verdicts.empty());
}

TEST_CASE("traffic postpones the question") {
  Watch server;
  server.answers({Check::ping});

  for (int i = 0; i < 100; ++i) {
    server.waits(10s);
    server.tell(TrafficSeen{});
  }
  CHECK(server.asked.empty());
  server.waits(16s);

  CHECK(server.asked == Asked{Check::ping});
}

TEST_CASE("traffic costs no wakeup and no action") {
  Watch server;
  for (int i = 0; i < 10'000; ++i) {
    server.now = server.now + 1ms;
    CHECK(server.liveness.step(TrafficSeen{}, server.now).empty());
  }
}

TEST_CASE("a hung server is failing after three failures and lost after as many again") {
  Watch server;
  server.hangs();

  server.waits(50s);
  CHECK(server.verdicts.empty());
  server.waits(10s);
  CHECK(server.verdicts == Verdicts{Verdict::failing});
  CHECK(server.liveness.is_failing());
  server.waits(50s);

  CHECK(server.verdicts == Verdicts{Verdict::failing, Verdict::lost});
  CHECK_FALSE(server.armed.has_value());
  CHECK_FALSE(server.running.has_value());
}

TEST_CASE("a lost server is not asked again and not judged again") {
  Watch server;
  server.hangs();
  server.waits(10min);
  CHECK(server.verdicts.size() == 2);
  CHECK(server.asked.size() == 12);  // six failures, each a ping and its confirmation
}

TEST_CASE("a ping that fails is confirmed by tools/list before it counts") {
  Watch server;
  server.answers({Check::tools_list});

  server.waits(10min);

  CHECK(server.verdicts.empty());
  CHECK(server.liveness.failures() == 0);
  CHECK(server.asked[0] == Check::ping);
  CHECK(server.asked[1] == Check::tools_list);
}

TEST_CASE("a ping that was replaced by tools/list needs no confirmation") {
  Watch server;
  server.waits(16s);
  REQUIRE(server.running.has_value());

  const CheckId id = server.running->id;
  server.running.reset();
  server.tell(CheckFailed{id, Check::tools_list});

  CHECK(server.liveness.failures() == 1);
  CHECK(server.asked == Asked{Check::ping});
}

TEST_CASE("one answer forgives all failures") {
  Watch server;
  server.hangs();
  server.waits(50s);
  REQUIRE(server.liveness.failures() == 2);

  server.answers({Check::ping});
  server.waits(20s);
  CHECK(server.liveness.failures() == 0);
  server.hangs();
  server.waits(40s);

  CHECK(server.verdicts.empty());
}

TEST_CASE("a failing server recovers by an answer") {
  Watch server;
  server.hangs();
  server.waits(60s);
  REQUIRE(server.verdicts == Verdicts{Verdict::failing});

  server.answers({Check::ping});
  server.waits(20s);

  CHECK(server.verdicts == Verdicts{Verdict::failing, Verdict::recovered});
  CHECK_FALSE(server.liveness.is_failing());
}

TEST_CASE("a failing server recovers by anything it writes") {
  Watch server;
  server.hangs();
  server.waits(60s);

  server.tell(TrafficSeen{});

  CHECK(server.verdicts == Verdicts{Verdict::failing, Verdict::recovered});
}

TEST_CASE("a ping unanswered while the server writes other things does not count") {
  Watch server;
  server.waits(16s);
  REQUIRE(server.running.has_value());

  server.waits(1s);
  server.tell(TrafficSeen{});
  server.hangs();
  server.waits(5s);

  CHECK(server.liveness.failures() == 0);
  CHECK(server.asked == Asked{Check::ping});
}

TEST_CASE("a server busy with a request is left alone") {
  Watch server;
  server.hangs();
  server.tell(InFlightChanged{1});

  server.waits(4min);

  CHECK(server.asked.empty());
}

TEST_CASE("even a busy server is asked after five silent minutes, and judged as any other") {
  Watch server;
  server.hangs();
  server.waits(10s);
  server.tell(InFlightChanged{1});
  server.waits(2min);
  server.tell(InFlightChanged{2});  // more requests are no sign of life

  server.waits(5min);

  CHECK(server.verdicts == Verdicts{Verdict::failing, Verdict::lost});
}

TEST_CASE("a busy server that shows progress is never asked") {
  Watch server;
  server.hangs();
  server.tell(InFlightChanged{1});
  for (int i = 0; i < 60; ++i) {
    server.waits(1min);
    server.tell(TrafficSeen{});
  }
  CHECK(server.asked.empty());
}

TEST_CASE("a server whose last request was cancelled is asked in its normal time") {
  Watch server;
  server.answers({Check::ping});
  server.tell(InFlightChanged{1});
  server.waits(60s);

  server.tell(InFlightChanged{0});
  server.waits(1s);

  CHECK(server.asked == Asked{Check::ping});
}

TEST_CASE("our own suspension is nobody's failure") {
  Watch server;
  server.hangs();
  server.waits(16s);
  REQUIRE(server.running.has_value());

  server.now = server.now + 60s;
  server.tell(LoopPaused{60s});
  server.report();

  CHECK(server.liveness.failures() == 0);
  server.waits(10s);
  CHECK(server.asked == Asked{Check::ping});  // the next question waits its interval
}

TEST_CASE("deadlines move by the time that we were suspended") {
  Watch server;
  const Instant before = server.armed->at;
  server.now = server.now + 8h;
  server.tell(LoopPaused{8h});
  CHECK(server.armed->at >= before + 8h);
  CHECK(server.armed->at <= before + 8h + 1s);
}

TEST_CASE("a deadline that was armed anew is known by its old token") {
  Watch server;
  const ArmDeadline old = *server.armed;
  server.tell(LoopPaused{10s});
  server.now = server.now + 1min;

  server.tell(DeadlineReached{old.token});

  CHECK(server.asked.empty());
}

TEST_CASE("a check that the shell forgets to report is abandoned and counts") {
  Watch server{[] {
    LivenessPolicy policy;
    policy.check = Check::exec;
    return policy;
  }()};

  server.waits(30s);

  CHECK(server.abandoned == 1);
  CHECK(server.liveness.failures() == 1);
}

TEST_CASE("the late report of an abandoned check finds nobody") {
  Watch server;
  server.waits(16s);
  const CheckId old = server.running->id;
  server.waits(7s);
  REQUIRE(server.abandoned == 1);
  REQUIRE(server.running->check == Check::tools_list);

  server.tell(CheckSucceeded{old});

  server.tell(CheckFailed{old, Check::ping});

  CHECK(server.asked == Asked{Check::ping, Check::tools_list});
  server.report();
  CHECK(server.liveness.failures() == 1);
}

TEST_CASE("the end of the watch abandons the check and disarms the deadline") {
  Watch server;
  server.waits(16s);

  server.tell(WatchEnded{});

  CHECK(server.abandoned == 1);
  CHECK_FALSE(server.armed.has_value());
  server.tell(TrafficSeen{});
  server.tell(InFlightChanged{3});
  server.tell(LoopPaused{5s});
  CHECK_FALSE(server.armed.has_value());
}

TEST_CASE("a server restarted after it was lost begins with a clean sheet") {
  Watch server;
  server.hangs();
  server.tell(InFlightChanged{1});
  server.waits(10min);
  REQUIRE(server.verdicts.back() == Verdict::lost);
  server.tell(WatchEnded{});

  server.tell(WatchBegan{});
  server.asked.clear();
  server.waits(16s);

  CHECK(server.liveness.failures() == 0);
  CHECK(server.asked == Asked{Check::ping});
}

TEST_CASE("a watchdog must be fed within every interval") {
  LivenessPolicy policy;
  policy.watchdog = true;
  policy.interval = 10s;
  Watch server{policy};

  for (int i = 0; i < 20; ++i) {
    server.waits(9s);
    server.tell(WatchdogFed{});
  }
  CHECK(server.liveness.failures() == 0);
  server.waits(9s);
  server.tell(TrafficSeen{});  // is not food
  server.tell(InFlightChanged{1});
  server.waits(2s);
  CHECK(server.liveness.failures() == 1);
  server.waits(21s);
  REQUIRE(server.verdicts == Verdicts{Verdict::failing});
  server.tell(WatchdogFed{});
  CHECK(server.verdicts.back() == Verdict::recovered);
  server.waits(65s);

  CHECK(server.verdicts.back() == Verdict::lost);
  CHECK(server.asked.empty());
}

TEST_CASE("a server that nobody wants watched costs nothing") {
  Watch server{LivenessPolicy{}};
  CHECK_FALSE(server.armed.has_value());
  server.tell(TrafficSeen{});
  server.tell(InFlightChanged{1});
  CHECK_FALSE(server.armed.has_value());
}

TEST_CASE("what is asked follows from method, kind and era") {
  using Method = config::Liveness::Method;
  const auto check = [](Method method, config::Kind kind, mcp::Era era) {
    config::Liveness configured;
    configured.method = method;
    return liveness_policy(configured, kind, era).check;
  };
  CHECK(check(Method::automatic, config::Kind::mcp, mcp::Era::legacy) == Check::ping);
  CHECK(check(Method::automatic, config::Kind::mcp, mcp::Era::modern) == Check::discover);
  CHECK_FALSE(check(Method::automatic, config::Kind::process, mcp::Era::unknown).has_value());
  CHECK(check(Method::tcp, config::Kind::process, mcp::Era::unknown) == Check::tcp);
  CHECK_FALSE(check(Method::none, config::Kind::mcp, mcp::Era::legacy).has_value());
}

TEST_CASE("the grid is common to all intervals, never early and at most a sixteenth late") {
  for (const Duration interval :
       {Duration{100}, Duration{1'000}, Duration{15'000}, Duration{3'600'000}}) {
    for (const Duration at :
         {Duration{0}, Duration{1}, Duration{511}, Duration{512}, Duration{99'999}}) {
      const Duration late = on_grid(Instant{at}, interval) - Instant{at};
      CHECK(late >= 0ms);
      CHECK(late <= interval / 16);
    }
  }
  const Instant coarse = on_grid(Instant{12'345ms}, 1h);
  CHECK(on_grid(coarse, 15s) == coarse);
  CHECK(on_grid(coarse, 1s) == coarse);
}

TEST_CASE("a thousand servers ready at once share few wakeups and do not ask all at once") {
  std::map<Instant, int> asked;
  Rng rng{1};
  for (int i = 0; i < 1000; ++i) {
    Watch server{ping_policy(), rng.next()};
    server.answers({Check::ping});
    server.waits(5min);
    CHECK(server.asked.size() >= 19);
    CHECK(server.asked.size() <= 27);
    for (const Instant at : server.asked_at) ++asked[at];
  }
  int most = 0;
  for (const auto& [at, count] : asked) most = std::max(most, count);
  CHECK(asked.size() <= 5 * 60 * 2);  // at most two moments per second, for all of them
  CHECK(most <= 1000 / 3);
}

}  // namespace
}  // namespace mcpctl::health
