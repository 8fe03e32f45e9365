// A server's process is replaced while clients talk to it.
#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "behind.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::testing::TemporaryDirectory;
using supervisor::State;

namespace {

/// A server that comes up only as long as "broken" is not in `folder`.
config::Server fragile(const TemporaryDirectory& folder) {
  config::Server server = scripted("mcp",
                                   "test ! -e broken || { echo no licence >&2; exit 3; }; "
                                   "exec " +
                                       gateway::testing::server().command);
  server.cwd = folder.path();
  return server;
}

struct Replaced : Behind {
  explicit Replaced(config::Server server) : Behind{{std::move(server)}} {
    start("mcp");
    former = pid("mcp");
  }
  void roll() { REQUIRE(fleet.supervisor().restart_rolling("mcp").has_value()); }
  bool until_replaced() {
    return fleet.until([this] { return pid("mcp") != former && pid("mcp") != 0; });
  }
  bool until_alone() {
    return fleet.until([this] { return fleet.supervisor().status(false).servers.size() == 1; });
  }
  auto status() { return *fleet.supervisor().status_of("mcp", false); }

  int former{0};
};

}  // namespace

TEST_CASE("a rolling restart finishes calls in flight at the old process, and serves new ones") {
  Replaced behind{server()};
  Client client{*behind.upstreams, "mcp"};
  const auto slow = client.calls("1", "sleep", R"({"ms":700})");

  behind.roll();
  CHECK(behind.fleet.state_of("mcp") == State::ready);
  REQUIRE(behind.until_replaced());
  const auto quick = client.calls("2", "echo", R"({"text":"new"})");
  REQUIRE(behind.answered(*quick));
  CHECK(quick->holds("new"));
  CHECK_FALSE(slow->response.has_value());
  CHECK(behind.fleet.state_of("mcp~1") == State::draining);
  CHECK(behind.status().in_flight == 1);

  REQUIRE(behind.answered(*slow));
  CHECK(slow->holds(R"("result")"));
  REQUIRE(behind.until_alone());
  CHECK(::kill(behind.former, 0) != 0);
  CHECK(behind.status().incarnation == 2);
  CHECK(behind.status().restarts == 0);
  CHECK(behind.status().in_flight == 0);
  behind.fleet.stop_and_check();
}

TEST_CASE("a call that the old process does not finish in its drain time ends with an error") {
  config::Server hasty = server();
  hasty.stop.drain = Duration{100};
  Replaced behind{hasty};
  Client client{*behind.upstreams, "mcp"};
  const auto slow = client.calls("1", "sleep", R"({"ms":30000})");
  const auto list = client.lists("2");
  REQUIRE(behind.answered(*list));

  behind.roll();
  REQUIRE(behind.answered(*slow));

  CHECK(slow->holds("-32000"));
  CHECK(slow->holds("did not finish in time"));
  REQUIRE(behind.until_alone());
  behind.fleet.stop_and_check();
}

TEST_CASE("a client may still cancel what the old process is at") {
  Replaced behind{server()};
  Client client{*behind.upstreams, "mcp"};
  const auto slow = client.calls("1", "sleep", R"({"ms":30000})");
  for (int i = 0; i < 5; ++i) behind.fleet.loop().run_ready();

  behind.roll();
  REQUIRE(behind.until_replaced());
  slow->call->cancel({});

  REQUIRE(behind.until_alone());
  CHECK(behind.status().in_flight == 0);
  behind.fleet.stop_and_check();
}

TEST_CASE("if the new process does not become ready, the old one stays, and it is said why") {
  const TemporaryDirectory folder;
  Replaced behind{fragile(folder)};
  Client client{*behind.upstreams, "mcp"};
  folder.write("broken", "");

  behind.roll();
  REQUIRE(behind.fleet.until([&] {
    const auto status = behind.status();
    return status.successor && status.successor->state == State::failed;
  }));

  CHECK(behind.status().successor->why_text.starts_with("exit code 3 after "));
  CHECK(behind.status().successor->stderr_tail == std::vector<std::string>{"no licence"});
  CHECK(behind.pid("mcp") == behind.former);
  const auto asked = client.calls("1", "echo", R"({"text":"still"})");
  REQUIRE(behind.answered(*asked));
  CHECK(asked->holds("still"));
  REQUIRE(behind.until_alone());
  CHECK(behind.status().incarnation == 1);
  behind.fleet.stop_and_check();
}

TEST_CASE("an HTTP server with a port of its own is replaced beside itself") {
  Replaced behind{weather("mcp")};
  Client client{*behind.upstreams, "mcp"};
  const int port = behind.status().port;
  const auto before = client.lists("1");
  REQUIRE(behind.answered(*before));

  behind.roll();
  while (behind.pid("mcp") == behind.former) {
    const auto meanwhile = client.lists("2");
    REQUIRE(behind.answered(*meanwhile));
    CHECK(meanwhile->holds(R"("result")"));
  }
  const auto after = client.lists("3");
  REQUIRE(behind.answered(*after));

  CHECK(after->holds(R"("result")"));
  CHECK(behind.status().port != port);
  REQUIRE(behind.until_alone());
  behind.fleet.stop_and_check();
}

TEST_CASE("a server of which there cannot be two is not replaced, and it is said why") {
  config::Server fixed = weather("mcp");
  fixed.port = 1;
  Behind behind{{fixed}};

  const auto refused = behind.fleet.supervisor().restart_rolling("mcp");

  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message ==
        "cannot restart mcp rolling: its port 1 is fixed; restart it without --rolling");
}

TEST_CASE("a session's own process is replaced like the server's") {
  config::Server personal = server();
  personal.sharing = config::Sharing::session;
  Replaced behind{personal};
  auto client = std::make_unique<Client>(*behind.upstreams, "mcp");
  const auto before = client->calls("1", "echo", R"({"text":"before"})");
  REQUIRE(behind.answered(*before));
  const int own = behind.pid("mcp~1");

  behind.roll();
  REQUIRE(behind.fleet.until([&] {
    return behind.fleet.supervisor().status(false).servers.size() == 2 &&
           behind.pid("mcp") != behind.former && behind.pid("mcp~1") != own;
  }));
  const auto after = client->calls("2", "echo", R"({"text":"after"})");
  REQUIRE(behind.answered(*after));

  CHECK(after->holds("after"));
  CHECK(behind.fleet.state_of("mcp~1") == State::ready);
  client.reset();
  REQUIRE(behind.until_alone());
  behind.fleet.stop_and_check();
}

TEST_CASE("a replaced process and its successor keep their logs apart, under their names") {
  Replaced behind{server()};

  behind.roll();
  REQUIRE(behind.until_replaced());
  REQUIRE(behind.until_alone());

  std::vector<std::string> told;
  for (const runtime::Line& line : behind.fleet.supervisor().log("mcp")->tail(10)) {
    told.push_back(line.text);
  }
  REQUIRE_FALSE(told.empty());
  CHECK(told.back() == "pid " + std::to_string(behind.pid("mcp")) + " takes over from pid " +
                           std::to_string(behind.former));
  behind.fleet.stop_and_check();
}

TEST_CASE("a session and a listener hear when a new process has other tools, and only then") {
  bool rolls = false;
  SUBCASE("after a crash") {}
  SUBCASE("in a rolling restart") { rolls = true; }
  const TemporaryDirectory folder;
  folder.write("modes", "");
  config::Server server =
      scripted("mcp", "exec " + gateway::testing::server().command + " $(cat modes)");
  server.cwd = folder.path();
  Replaced behind{server};
  Client session{*behind.upstreams, "mcp"};
  Client modern{*behind.upstreams, "mcp", mcp::Era::modern};
  const auto listener =
      modern.asks(R"({"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"_meta":{)"
                  R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                  R"("io.modelcontextprotocol/clientCapabilities":{}},)"
                  R"("notifications":{"toolsListChanged":true}}})");
  const auto before_all = session.lists("0");
  REQUIRE(behind.answered(*before_all));
  const auto replace = [&] {
    const unsigned before = behind.status().incarnation;
    behind.former = behind.pid("mcp");
    rolls ? behind.roll() : static_cast<void>(::kill(behind.former, SIGKILL));
    REQUIRE(behind.fleet.until([&] {
      return behind.status().incarnation > before && behind.fleet.state_of("mcp") == State::ready;
    }));
    const auto asked = session.calls("1", "echo", R"({"text":"there"})");
    REQUIRE(behind.answered(*asked));
  };

  replace();
  CHECK(session.messages.empty());
  CHECK(listener->messages.size() == 1);  // its acknowledgement

  folder.write("modes", "--mode=no-tools");
  replace();
  REQUIRE(behind.fleet.until([&] { return listener->messages.size() > 1; }));
  CHECK(listener->messages[1].find("tools/list_changed") != std::string::npos);
  CHECK(listener->messages[1].find(R"("io.modelcontextprotocol/subscriptionId":7)") !=
        std::string::npos);
  REQUIRE(session.messages.size() == 1);
  CHECK(session.messages[0].find("tools/list_changed") != std::string::npos);
  behind.fleet.stop_and_check();
}

TEST_CASE("a reload replaces the process in the same way") {
  Replaced behind{server()};
  Client client{*behind.upstreams, "mcp"};
  const auto slow = client.calls("1", "sleep", R"({"ms":700})");

  behind.fleet.reading().config.servers[0].env = {{"COLOUR", "blue"}};
  const auto outcome = behind.fleet.supervisor().reload(false);
  REQUIRE(outcome.plan.size() == 1);
  CHECK(outcome.plan[0].is_rolling);
  REQUIRE(behind.until_replaced());
  CHECK_FALSE(slow->response.has_value());

  REQUIRE(behind.answered(*slow));
  CHECK(slow->holds(R"("result")"));
  REQUIRE(behind.until_alone());
  CHECK(behind.fleet.supervisor().reload(false).plan.empty());
  behind.fleet.stop_and_check();
}

TEST_CASE("a reload restarts in the plain way what cannot be two at a time, or does not serve") {
  config::Server one = server();
  SUBCASE("it is to have a fixed port") {
    Replaced behind{one};
    config::Server fixed = weather("mcp");
    fixed.port = 9;
    fixed.url = "http://127.0.0.1:9/mcp";
    fixed.cwd = "/tmp";
    behind.fleet.reading().config.servers[0] = fixed;
    const auto outcome = behind.fleet.supervisor().reload(false);
    REQUIRE(outcome.plan.size() == 1);
    CHECK_FALSE(outcome.plan[0].is_rolling);
    CHECK(behind.fleet.until([&] { return ::kill(behind.former, 0) != 0; }));
    behind.fleet.stop_and_check();
  }
  SUBCASE("it is in backoff") {
    one.backoff.initial = Duration{60'000};
    Replaced behind{one};
    ::kill(behind.former, SIGKILL);
    REQUIRE(behind.fleet.until_state("mcp", State::backoff));
    behind.fleet.reading().config.servers[0].env = {{"COLOUR", "blue"}};
    CHECK_FALSE(behind.fleet.supervisor().reload(false).plan.at(0).is_rolling);
    REQUIRE(behind.fleet.until_state("mcp", State::ready));
    behind.fleet.stop_and_check();
  }
}

TEST_CASE("whatever is asked instead, the next process has the configuration of the reload") {
  const TemporaryDirectory folder;
  Replaced behind{fragile(folder)};
  config::Server& wanted = behind.fleet.reading().config.servers[0];
  folder.write("broken", "");
  wanted.args[1] = "test ! -e broken || exec sleep 60; " + wanted.args[1];
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.fleet.until_state("mcp~1", State::starting));
  CHECK(behind.fleet.state_of("mcp") == State::ready);

  SUBCASE("a setting of the process that serves") {
    wanted.disabled_tools = {"ec*"};
    std::filesystem::remove(folder / "broken");
    REQUIRE(behind.fleet.supervisor().reload(false).applied);
    REQUIRE(behind.until_replaced());
    Client client{*behind.upstreams, "mcp"};
    const auto list = client.lists("1");
    REQUIRE(behind.answered(*list));
    CHECK_FALSE(list->holds(R"("name":"echo")"));
  }
  SUBCASE("a restart") {
    std::filesystem::remove(folder / "broken");
    REQUIRE(behind.fleet.supervisor().command(runtime::Command::restart, "mcp").has_value());
    REQUIRE(behind.until_replaced());
  }
  REQUIRE(behind.until_alone());
  CHECK(behind.status().command_line.find("exec sleep 60") != std::string::npos);
  behind.fleet.stop_and_check();
}
