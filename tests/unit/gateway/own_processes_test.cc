#include "gateway/own_processes.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "behind.h"
#include "mcp/raw.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::runtime::Command;
using supervisor::State;

namespace {

config::Server personal(unsigned most = 20) {
  config::Server server = gateway::testing::server();
  server.sharing = config::Sharing::session;
  server.max_sessions = most;
  return server;
}

struct Processes : Behind {
  explicit Processes(config::Server server) : Behind{{std::move(server)}} { start("mcp"); }

  bool lives(const std::string& name) {
    const auto status = fleet.supervisor().status_of(name, false);
    return status && status->state == State::ready;
  }
  /// In the end another process than `former` lives.
  bool is_replaced(const std::string& name, int former) {
    return fleet.until([&] { return lives(name) && pid(name) != former; });
  }
  std::size_t members() { return fleet.supervisor().status(false).servers.size(); }
  /// Asks, and requires an answer.
  void use(Client& client) {
    const auto asked = client.calls("1", "echo", R"({"text":"mine"})");
    REQUIRE(answered(*asked));
    CHECK(asked->holds("mine"));
  }
};

}  // namespace

TEST_CASE("every session has a process of its own, from its first request to its end") {
  Processes behind{personal()};
  auto one = std::make_unique<Client>(*behind.upstreams, "mcp");
  Client two{*behind.upstreams, "mcp"};
  CHECK(behind.members() == 1);

  behind.use(*one);
  behind.use(two);
  CHECK(behind.lives("mcp~1"));
  CHECK(behind.lives("mcp~2"));
  CHECK(behind.pid("mcp~1") != behind.pid("mcp~2"));
  CHECK(behind.pid("mcp~1") != behind.pid("mcp"));
  const int pid = behind.pid("mcp~1");

  one.reset();
  REQUIRE(behind.fleet.until([&] { return behind.members() == 2; }));
  CHECK(::kill(pid, 0) != 0);
  behind.use(two);
  behind.fleet.stop_and_check();
}

TEST_CASE("a session's own process is told of its client, the server's own of mcpctl") {
  // Says what it was told in `initialize`, whatever it is asked.
  config::Server server = scripted("mcp", R"sh(
while read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  case $line in
    *'"notifications/'*) continue ;;
    *'"server/discover"'*) said='"error":{"code":-32601,"message":"no"}' ;;
    *'"initialize"'*) told=$line said='"result":{"protocolVersion":"2025-11-25",'\
'"capabilities":{},"serverInfo":{"name":"sh","version":"1"}}' ;;
    *) said="\"result\":$told" ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$said"
done)sh");
  server.sharing = config::Sharing::session;
  Processes behind{server};
  const auto told = [&](Client& client) {
    const auto asked = client.asks(R"({"jsonrpc":"2.0","id":1,"method":"what/said"})");
    REQUIRE(behind.answered(*asked));
    const auto envelope = mcp::scan(*asked->response);
    REQUIRE(envelope.has_value());
    return std::string{mcp::member(envelope->result.in(*asked->response), "params")};
  };
  const auto params = [](std::string_view capabilities, std::string_view info) {
    return R"({"protocolVersion":"2025-11-25","capabilities":)" + std::string{capabilities} +
           R"(,"clientInfo":)" + std::string{info} + '}';
  };
  const std::string ann_info = "{\"name\":\"ann\",\n\"version\":\"7\"}";
  Client ann{*behind.upstreams, "mcp", ann_info, R"({"roots":{},"tasks":{"list":{}}})"};
  Client bob{*behind.upstreams, "mcp", R"({"name":"bob","version":"1.0"})",
             R"({"sampling":{"tools":{}},"x":{}})"};
  Client modern{*behind.upstreams, "mcp", mcp::Era::modern};

  CHECK(told(ann) == params(R"({"roots":{}})", R"({"name":"ann", "version":"7"})"));
  CHECK(told(bob) ==
        params(R"({"sampling":{"tools":{}},"x":{}})", R"({"name":"bob","version":"1.0"})"));
  CHECK(told(modern).find(R"("clientInfo":{"name":"mcpctl")") != std::string::npos);

  // The process that takes its place is told the same.
  const int former = behind.pid("mcp~1");
  SUBCASE("after a crash") { REQUIRE(::kill(former, SIGKILL) == 0); }
  SUBCASE("in a rolling restart") {
    REQUIRE(behind.fleet.supervisor().restart_rolling("mcp").has_value());
  }
  REQUIRE(behind.is_replaced("mcp~1", former));
  CHECK(told(ann) == params(R"({"roots":{}})", R"({"name":"ann", "version":"7"})"));
  behind.fleet.stop_and_check();
}

TEST_CASE("a modern client has no session, and shares the server's process") {
  Processes behind{personal()};
  Client modern{*behind.upstreams, "mcp", mcp::Era::modern};

  behind.use(modern);

  CHECK(behind.members() == 1);
  behind.fleet.stop_and_check();
}

TEST_CASE("who needs a place gets that of the session used least recently, which stays") {
  Processes behind{personal(2)};
  Client one{*behind.upstreams, "mcp"};
  Client two{*behind.upstreams, "mcp"};
  Client three{*behind.upstreams, "mcp"};
  behind.use(one);
  behind.use(two);
  behind.use(one);
  const int kept = behind.pid("mcp~1");

  behind.use(three);

  REQUIRE(behind.fleet.until([&] { return behind.members() == 3; }));
  CHECK(behind.pid("mcp~1") == kept);
  behind.use(two);  // in a new process, in place of the first's
  REQUIRE(behind.fleet.until([&] { return behind.members() == 3; }));
  CHECK(::kill(kept, 0) != 0);
  behind.fleet.stop_and_check();
}

TEST_CASE("while every process is busy, one more session is refused at once") {
  Processes behind{personal(1)};
  Client one{*behind.upstreams, "mcp"};
  Client two{*behind.upstreams, "mcp"};
  behind.use(one);
  ::kill(behind.pid("mcp~1"), SIGSTOP);
  const auto busy = one.lists("1");

  const auto refused = two.lists("\"two\"");
  REQUIRE(behind.answered(*refused));
  CHECK(refused->holds(R"("id":"two","error":{"code":-32003,"message":"server mcp is busy: )"));
  const auto& figures = behind.fleet.supervisor().traffic().at("mcp");
  CHECK(figures.errors.at(static_cast<std::size_t>(runtime::UpstreamError::overloaded)) == 1);
  CHECK(figures.methods.counts().at("tools/list").at(1) == 1);
  auto left = two.lists("3");
  left.reset();  // nobody waits for this refusal

  ::kill(behind.pid("mcp~1"), SIGCONT);
  REQUIRE(behind.answered(*busy));
  behind.use(two);
  behind.fleet.stop_and_check();
}

TEST_CASE("a session outlives its process, and its neighbours notice nothing") {
  Processes behind{personal()};
  Client one{*behind.upstreams, "mcp"};
  Client two{*behind.upstreams, "mcp"};
  behind.use(one);
  behind.use(two);
  const int neighbour = behind.pid("mcp~2");
  ::kill(behind.pid("mcp~1"), SIGSTOP);
  const auto lost = one.calls("9", "echo", R"({"text":"lost"})");
  for (int i = 0; i < 5; ++i) behind.fleet.loop().run_ready();

  ::kill(behind.pid("mcp~1"), SIGKILL);

  REQUIRE(behind.answered(*lost));
  CHECK(lost->holds("-32000"));
  behind.use(one);
  CHECK(behind.pid("mcp~2") == neighbour);
  behind.fleet.stop_and_check();
}

TEST_CASE("an own process that nobody asks for long enough stops, and comes back") {
  config::Server server = personal();
  server.idle_stop = Duration{80};
  Processes behind{server};
  Client client{*behind.upstreams, "mcp"};
  behind.use(client);

  REQUIRE(behind.fleet.until_state("mcp~1", State::idle));

  behind.use(client);
  CHECK(behind.fleet.state_of("mcp") == State::ready);
  behind.fleet.stop_and_check();
}

TEST_CASE("a command for the server is one for all of its processes") {
  Processes behind{personal()};
  Client client{*behind.upstreams, "mcp"};
  behind.use(client);
  const int first = behind.pid("mcp~1");

  REQUIRE(behind.fleet.supervisor().command(Command::restart, "mcp").has_value());
  REQUIRE(behind.is_replaced("mcp~1", first));
  REQUIRE(behind.fleet.supervisor().command(Command::stop, "mcp").has_value());
  REQUIRE(behind.fleet.until_state("mcp~1", State::stopped));
  const auto refused = client.lists("1");
  REQUIRE(behind.answered(*refused));
  CHECK(refused->holds("-32000"));

  REQUIRE(behind.fleet.supervisor().command(Command::start, "mcp").has_value());
  behind.use(client);
  behind.fleet.stop_and_check();
}

TEST_CASE("a reload reaches the processes of sessions, and may take them away") {
  Processes behind{personal()};
  Client client{*behind.upstreams, "mcp"};
  behind.use(client);
  const int first = behind.pid("mcp~1");

  behind.fleet.reading().config.servers[0].env = {{"COLOUR", "blue"}};
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.is_replaced("mcp~1", first));
  behind.use(client);

  behind.fleet.reading().config.servers[0].sharing = config::Sharing::shared;
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.fleet.until([&] { return behind.members() == 1 && behind.lives("mcp"); }));
  behind.use(client);
  CHECK(behind.members() == 1);
  behind.fleet.stop_and_check();
}

TEST_CASE("no process is tried for the sessions of a server that has failed") {
  config::Server broken = scripted("mcp", "exit 78");
  broken.sharing = config::Sharing::session;
  Behind behind{{broken}};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("mcp", State::failed));
  Client client{*behind.upstreams, "mcp"};

  const auto refused = client.lists("1");

  REQUIRE(behind.answered(*refused));
  CHECK(refused->holds("exit code 78"));
  CHECK(behind.fleet.supervisor().status(false).servers.size() == 1);
  behind.fleet.stop_and_check();
}

TEST_CASE("the figures of a server count all of its processes, and end where they began") {
  Processes behind{personal()};
  const auto& figures = behind.fleet.supervisor().traffic().at("mcp");
  {
    Client one{*behind.upstreams, "mcp"};
    Client two{*behind.upstreams, "mcp"};
    behind.use(one);
    behind.use(two);
    CHECK(figures.clients == 2);
    CHECK(figures.tools.total() == 2);
    ::kill(behind.pid("mcp~1"), SIGSTOP);
    ::kill(behind.pid("mcp~2"), SIGSTOP);
    const auto first = one.lists("1");
    const auto second = two.lists("1");
    CHECK(figures.in_flight == 2);
    ::kill(behind.pid("mcp~1"), SIGCONT);
    ::kill(behind.pid("mcp~2"), SIGCONT);
  }
  CHECK(figures.clients == 0);
  CHECK(figures.in_flight == 0);
  CHECK(figures.waiting == 0);
  behind.fleet.stop_and_check();
}
