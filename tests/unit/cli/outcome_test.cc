#include "cli/outcome.h"

#include <doctest/doctest.h>

using namespace mcpctl::cli;

namespace {

ServerView server(std::string state, std::string goal, std::uint32_t incarnation,
                  std::optional<int> pid = std::nullopt) {
  ServerView view;
  view.name = "a";
  view.state = std::move(state);
  view.goal = std::move(goal);
  view.incarnation = incarnation;
  view.pid = pid;
  return view;
}

}  // namespace

TEST_CASE("a start has succeeded when the server is ready") {
  CHECK(judge(server("ready", "up", 1, 7), Destination::ready, 0, false) == Verdict::arrived);
  CHECK(judge(server("starting", "up", 1, 7), Destination::ready, 0, false) == Verdict::pending);
  CHECK(judge(server("completed", "up", 1), Destination::ready, 0, false) == Verdict::arrived);
}

TEST_CASE("the first failed start is the answer to a start, but a wait is patient") {
  const ServerView backing_off = server("backoff", "up", 1);

  CHECK(judge(backing_off, Destination::ready, 0, false) == Verdict::lost);
  CHECK(judge(backing_off, Destination::ready, 0, true) == Verdict::pending);
  CHECK(judge(server("failed", "up", 8), Destination::ready, 0, true) == Verdict::lost);
}

TEST_CASE("a restart is not done while the old process is ready") {
  CHECK(judge(server("ready", "up", 3, 7), Destination::restarted, 3, false) == Verdict::pending);
  CHECK(judge(server("ready", "up", 4, 8), Destination::restarted, 3, false) == Verdict::arrived);
  CHECK(judge(server("backoff", "up", 4), Destination::restarted, 3, false) == Verdict::lost);
}

TEST_CASE("a rolling restart is lost when its new process did not become ready") {
  ServerView stays = server("ready", "up", 3, 7);
  stays.successor_failure = "exit code 3 after 4ms";
  stays.successor_tail = {"no licence"};
  CHECK(judge(stays, Destination::restarted, 3, false) == Verdict::lost);

  Arrival arrival;
  arrival.lost.push_back(stays);
  CHECK(explain(arrival, "restart") ==
        "mcpctl: restart a: ready: the old process stays, the new one did not become ready: "
        "exit code 3 after 4ms\n"
        "  | no licence\n");
}

TEST_CASE("a replacement is done when no new process is on its way, and lost with it") {
  ServerView serves = server("ready", "up", 3, 7);
  CHECK(judge(serves, Destination::replaced, 0, true) == Verdict::arrived);
  serves.successor_state = "starting";
  CHECK(judge(serves, Destination::replaced, 0, true) == Verdict::pending);
  CHECK(judge(serves, Destination::ready, 0, true) == Verdict::arrived);
  Arrival late;
  serves.why = "answered tools/list";
  late.pending.push_back(serves);
  CHECK(explain(late, "up") ==
        "mcpctl: up a: not in time, its new process is starting and the old one ready: "
        "answered tools/list\n");

  serves.successor_state = "failed";
  serves.successor_failure = "exit code 3 after 4ms";
  CHECK(judge(serves, Destination::replaced, 0, true) == Verdict::lost);
}

TEST_CASE("a restart whose process cannot be spawned at all is lost") {
  CHECK(judge(server("failed", "up", 3), Destination::restarted, 3, false) == Verdict::lost);
}

TEST_CASE("a stop is done when no process is left and none is wanted") {
  CHECK(judge(server("stopping", "down", 1, 7), Destination::stopped, 0, false) ==
        Verdict::pending);
  CHECK(judge(server("stopping", "down", 1), Destination::stopped, 0, false) == Verdict::pending);
  CHECK(judge(server("stopped", "down", 1), Destination::stopped, 0, false) == Verdict::arrived);
  CHECK(judge(server("backoff", "up", 1), Destination::stopped, 0, false) == Verdict::pending);
}

TEST_CASE("a stop that leaves a survivor is lost") {
  ServerView survivor = server("failed", "down", 1);
  survivor.survivors = {"pid 12 (node)"};

  CHECK(judge(survivor, Destination::stopped, 0, false) == Verdict::lost);
}

TEST_CASE("a kill is done when the process is gone, though another one may live") {
  CHECK(judge(server("ready", "up", 1, 7), Destination::killed, 1, false) == Verdict::pending);
  CHECK(judge(server("stopping", "up", 1), Destination::killed, 1, false) == Verdict::pending);
  CHECK(judge(server("backoff", "up", 1), Destination::killed, 1, false) == Verdict::arrived);
  CHECK(judge(server("ready", "up", 2, 8), Destination::killed, 1, false) == Verdict::arrived);
}

TEST_CASE("who did not arrive is explained with its last lines") {
  Arrival arrival;
  ServerView lost = server("backoff", "up", 1);
  lost.why = "exit code 1 after 3s; restart in 1s";
  lost.stderr_tail = {"no such table"};
  arrival.lost.push_back(lost);

  CHECK(explain(arrival, "start") ==
        "mcpctl: start a: backoff: exit code 1 after 3s; restart in 1s\n"
        "  | no such table\n");
}

TEST_CASE("who is late is told as late") {
  Arrival arrival;
  ServerView late = server("starting", "up", 1, 7);
  late.why = "starting";
  arrival.pending.push_back(late);

  CHECK(explain(arrival, "wait") == "mcpctl: wait a: not in time, it is starting: starting\n");
}
