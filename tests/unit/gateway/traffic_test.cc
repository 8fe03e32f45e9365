// What is counted of the traffic: bytes, errors that are not the server's answers, and
// cancellations.
#include "runtime/traffic.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <numeric>
#include <string>

#include "../temporary_directory.h"
#include "behind.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using runtime::CancelledBy;
using runtime::UpstreamError;
using supervisor::State;

namespace {

struct Counted : Behind {
  explicit Counted(const config::Server& one)
      : Behind({one}), figures(fleet.supervisor().traffic().at(one.name)) {}

  std::uint64_t errors(UpstreamError kind) const {
    return figures.errors[static_cast<std::size_t>(kind)];
  }
  /// And none of another kind.
  bool only(UpstreamError kind, std::uint64_t count = 1) const {
    return errors(kind) == count &&
           std::accumulate(figures.errors.begin(), figures.errors.end(), 0u) == count;
  }
  std::uint64_t cancelled(CancelledBy by) const {
    return figures.cancellations[static_cast<std::size_t>(by)];
  }
  void pass_on() {
    for (int i = 0; i < 5; ++i) fleet.loop().run_ready();
  }

  const runtime::ServerTraffic& figures;
};

/// Never ready.
config::Server mute() {
  config::Server one = runtime::testing::process("mcp", {"sleep", "60"});
  one.kind = config::Kind::mcp;
  return one;
}

}  // namespace

TEST_CASE("the bytes of messages are counted in both directions") {
  Counted behind{server()};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":)"
                           R"({"name":"echo","arguments":{"text":"1234"}}})";
  const std::string note = R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})";

  const auto asked = client.asks(ping);
  client.downstream->notify(request(note));
  REQUIRE(behind.answered(*asked));

  CHECK(behind.figures.request_bytes == ping.size() + note.size());
  CHECK(behind.figures.response_bytes == asked->response->size());
  client.downstream.reset();
  behind.fleet.stop_and_check();
}

TEST_CASE("what the server answers is no upstream error, even as an error") {
  Counted behind{server()};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};

  const auto asked = client.calls("1", "echo", "7");

  REQUIRE(behind.answered(*asked));
  REQUIRE(asked->holds(R"("error")"));
  CHECK(behind.only(UpstreamError::none));
  behind.fleet.stop_and_check();
}

TEST_CASE("a full queue and a wait in vain are counted, each as its own") {
  config::Server slow = mute();
  slow.queue_size = 1;
  slow.queue_timeout = Duration{50};
  Counted behind{slow};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("mcp", State::starting));
  Client client{*behind.upstreams, "mcp"};
  const auto waits = client.lists("1");
  const auto too_many = client.lists("2");

  REQUIRE(behind.answered(*too_many));
  CHECK(behind.only(UpstreamError::overloaded));
  REQUIRE(behind.answered(*waits));

  CHECK(behind.errors(UpstreamError::overloaded) == 1);
  CHECK(behind.errors(UpstreamError::queue_timeout) == 1);
  behind.fleet.supervisor().kill_all();
  behind.fleet.stop_and_check();
}

TEST_CASE("a request to a server that was not started finds it unavailable") {
  Counted behind{scripted("mcp", "exit 78")};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("mcp", State::failed));
  Client client{*behind.upstreams, "mcp"};

  const auto asked = client.lists("1");

  REQUIRE(behind.answered(*asked));
  CHECK(behind.only(UpstreamError::unavailable));
  behind.fleet.stop_and_check();
}

TEST_CASE("a late answer is a timeout, and a cancellation at the server") {
  config::Server hung = server();
  hung.request_timeout = Duration{50};
  Counted behind{hung};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  ::kill(behind.pid("mcp"), SIGSTOP);

  const auto asked = client.calls("1", "echo", R"({"text":"late"})");
  REQUIRE(behind.answered(*asked));
  ::kill(behind.pid("mcp"), SIGCONT);

  CHECK(behind.only(UpstreamError::timeout));
  CHECK(behind.cancelled(CancelledBy::timeout) == 1);
  CHECK(behind.cancelled(CancelledBy::client) == 0);
  CHECK(behind.cancelled(CancelledBy::disconnect) == 0);
  behind.fleet.stop_and_check();
}

TEST_CASE("a server that dies is gone for the calls that end with it, not for the repeated ones") {
  Counted behind{server()};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  ::kill(behind.pid("mcp"), SIGSTOP);
  const auto call = client.calls("1", "echo", R"({"text":"lost"})");
  const auto list = client.lists("2");
  behind.pass_on();

  ::kill(behind.pid("mcp"), SIGKILL);
  REQUIRE(behind.answered(*call));
  REQUIRE(behind.answered(*list));

  CHECK(list->holds(R"("tools")"));
  CHECK(behind.only(UpstreamError::gone));
  behind.fleet.stop_and_check();
}

TEST_CASE("a connection that breaks under a call is counted as that") {
  // What answers dies, the process that the supervisor knows does not.
  const mcpctl::testing::TemporaryDirectory folder;
  config::Server shelled = weather("mcp");
  shelled.args = {"-c", R"("$0" & echo $! >"$1"; wait; exec sleep 60)", shelled.command,
                  folder / "pid"};
  shelled.command = "/bin/sh";
  Counted behind{shelled};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  const auto first = client.lists("1");
  REQUIRE(behind.answered(*first));
  REQUIRE(first->holds(R"("tools")"));
  pid_t answering = 0;
  std::ifstream{folder / "pid"} >> answering;
  REQUIRE(answering > 0);
  ::kill(answering, SIGSTOP);
  const auto call = client.calls("2", "get_weather", R"({"city":"Lagos"})");
  REQUIRE(behind.fleet.until([&] { return behind.figures.in_flight == 1; }));
  behind.pass_on();

  ::kill(answering, SIGKILL);
  REQUIRE(behind.answered(*call));

  CHECK(call->holds("-32000"));
  CHECK(behind.only(UpstreamError::connection));
  behind.fleet.stop_and_check();
}

TEST_CASE("a client takes its request back, or goes: that is told apart") {
  Counted behind{server()};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  ::kill(behind.pid("mcp"), SIGSTOP);
  const auto taken_back = client.calls("1", "echo", R"({"text":"a"})");
  auto left = client.calls("2", "echo", R"({"text":"b"})");

  taken_back->call->cancel(R"("no more")");
  CHECK(behind.cancelled(CancelledBy::client) == 1);
  CHECK(behind.cancelled(CancelledBy::disconnect) == 0);
  left.reset();

  CHECK(behind.cancelled(CancelledBy::client) == 1);
  CHECK(behind.cancelled(CancelledBy::disconnect) == 1);
  CHECK(behind.cancelled(CancelledBy::timeout) == 0);
  CHECK(behind.only(UpstreamError::none, 0));
  ::kill(behind.pid("mcp"), SIGCONT);
  behind.fleet.stop_and_check();
}
