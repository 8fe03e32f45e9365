#include "gateway/joint.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "behind.h"
#include "tests/unit/temporary_directory.h"
#include "text.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::runtime::Command;
using supervisor::State;

namespace {

bool heard(const std::vector<std::string>& messages, std::string_view part) {
  return std::ranges::any_of(messages, [&](const auto& text) { return holds(text, part); });
}

/// A server in a shell whose only resource is test://NAME, updated when it is subscribed to.
config::Server with_resource(const std::string& name) {
  config::Server server = scripted(name, R"(
answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
while read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  case $line in
    *'"notifications/'*) ;;
    *'"initialize"'*) answer '"result":{"protocolVersion":"2025-11-25",
"capabilities":{"resources":{"subscribe":true}},"serverInfo":{"name":"sh","version":"1"}}' |
      tr -d '\n'; echo ;;
    *'"ping"'*) answer '"result":{}' ;;
    *'"resources/list"'*)
      answer "\"result\":{\"resources\":[{\"uri\":\"test://$NAME\",\"name\":\"it\"}]}" ;;
    *'"resources/templates/list"'*) answer '"result":{"resourceTemplates":[]}' ;;
    *'"resources/read"'*)
      answer "\"result\":{\"contents\":[{\"uri\":\"test://$NAME\",\"text\":\"of $NAME\"}]}" ;;
    *'"resources/subscribe"'*)
      answer '"result":{}'
      printf '{"jsonrpc":"2.0","method":"notifications/resources/updated",'
      printf '"params":{"uri":"test://%s"}}\n' "$NAME" ;;
    *) answer '"error":{"code":-32601,"message":"method not found"}' ;;
  esac
done)");
  server.env = {{"NAME", name}};
  return server;
}

std::string listen(const std::string& filter) {
  return R"({"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"_meta":{)"
         R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
         R"("io.modelcontextprotocol/clientCapabilities":{}},"notifications":)" +
         filter + "}}";
}

}  // namespace

TEST_CASE("all servers' tools are one list, and a call finds the server that has its tool") {
  Behind behind{{server("b"), server("a")}};
  behind.start("a");
  REQUIRE(behind.fleet.until_state("b", State::ready));
  for (const mcp::Era era : {mcp::Era::legacy, mcp::Era::modern}) {
    Client client{*behind.upstreams, "", era};

    const auto list = client.lists("1");
    REQUIRE(behind.answered(*list));
    CHECK(list->holds(R"("name":"a__echo")"));
    CHECK(list->response->find("b__echo") < list->response->find("a__echo"));
    CHECK_FALSE(list->holds("mcpctl/missing"));

    const auto call = client.calls(R"("x")", "b__echo", R"({"text":"to b"})");
    REQUIRE(behind.answered(*call));
    CHECK(call->holds(R"("id":"x")"));
    CHECK(call->holds("to b"));
  }
  behind.fleet.stop_and_check();
}

TEST_CASE("a call waits for nobody but its own server") {
  config::Server silent = runtime::testing::process("silent", {"sleep", "60"});
  silent.kind = config::Kind::mcp;
  Behind behind{{silent, server("mcp")}};
  behind.start("mcp");
  Client client{*behind.upstreams, "", mcp::Era::modern};

  const auto call = client.calls("1", "mcp__echo", R"({"text":"at once"})");
  REQUIRE(behind.fleet.until([&] { return call->response.has_value(); }, Duration{4'000}));
  CHECK(call->holds("at once"));

  const auto list = client.lists("2");  // for the lists, the slow are waited for
  REQUIRE(behind.answered(*list));
  CHECK(list->holds("mcp__echo"));
  CHECK(list->holds(R"("mcpctl/missing":{"silent":"it has not answered yet"})"));
  behind.fleet.supervisor().kill_all();
  behind.fleet.stop_and_check();
}

TEST_CASE("a server that is not there lacks with its reason, and clients hear when it comes") {
  Behind behind{{server("one"), server("two")}};
  behind.start("one");
  REQUIRE(behind.fleet.until_state("two", State::ready));
  REQUIRE(behind.fleet.supervisor().command(Command::stop, "two").has_value());
  REQUIRE(behind.fleet.until_state("two", State::stopped));
  Client client{*behind.upstreams, ""};
  Client modern{*behind.upstreams, "", mcp::Era::modern};
  const auto listener = modern.asks(listen(R"({"toolsListChanged":true})"));
  REQUIRE(behind.fleet.until([&] { return listener->messages.size() == 1; }));
  CHECK(holds(listener->messages[0], "subscriptions/acknowledged"));

  const auto before = client.lists("1");
  REQUIRE(behind.answered(*before));
  CHECK(before->holds("one__echo"));
  CHECK_FALSE(before->holds("two__echo"));
  CHECK(before->holds(R"("mcpctl/missing":{"two":)"));

  REQUIRE(behind.fleet.supervisor().command(Command::start, "two").has_value());
  constexpr std::string_view news = "notifications/tools/list_changed";
  REQUIRE(behind.fleet.until([&] { return heard(client.messages, news); }));
  REQUIRE(behind.fleet.until([&] { return heard(listener->messages, news); }));
  CHECK(holds(listener->messages.back(), R"("io.modelcontextprotocol/subscriptionId":"l")"));

  const auto after = client.lists("2");
  REQUIRE(behind.answered(*after));
  CHECK(after->holds("two__echo"));
  CHECK_FALSE(after->holds("mcpctl/missing"));
  behind.fleet.stop_and_check();
}

TEST_CASE("a server that was stopped takes its tools out of the list, and clients hear it") {
  Behind behind{{server("one"), server("two")}};
  behind.start("one");
  REQUIRE(behind.fleet.until_state("two", State::ready));
  Client client{*behind.upstreams, ""};
  const auto before = client.lists("1");
  REQUIRE(behind.answered(*before));
  REQUIRE(before->holds("two__echo"));

  REQUIRE(behind.fleet.supervisor().command(Command::stop, "two").has_value());
  constexpr std::string_view news = "notifications/tools/list_changed";
  REQUIRE(behind.fleet.until([&] { return heard(client.messages, news); }));

  CHECK_FALSE(heard(client.messages, "notifications/prompts/list_changed"));
  const auto after = client.lists("2");
  REQUIRE(behind.answered(*after));
  CHECK(after->holds("one__echo"));
  CHECK_FALSE(after->holds("two__echo"));
  CHECK(after->holds(R"("mcpctl/missing":{"two":)"));
  behind.fleet.stop_and_check();
}

TEST_CASE("clients of all servers hear when one's next process has other tools, and only then") {
  bool rolls = false;
  SUBCASE("after a crash") {}
  SUBCASE("in a rolling restart") { rolls = true; }
  const mcpctl::testing::TemporaryDirectory folder;
  folder.write("modes", "");
  config::Server fickle =
      scripted("fickle", "exec " + gateway::testing::server().command + " $(cat modes)");
  fickle.cwd = folder.path();
  Behind behind{{server("steady"), fickle}};
  behind.start("fickle");
  REQUIRE(behind.fleet.until_state("steady", State::ready));
  Client session{*behind.upstreams, ""};
  Client modern{*behind.upstreams, "", mcp::Era::modern};
  const auto listener = modern.asks(listen(R"({"toolsListChanged":true})"));
  REQUIRE(behind.fleet.until([&] { return listener->messages.size() == 1; }));
  const auto before = session.lists("1");
  REQUIRE(behind.answered(*before));
  CHECK(before->holds("fickle__echo"));
  const auto replace = [&] {
    const int former = behind.pid("fickle");
    if (rolls) {
      REQUIRE(behind.fleet.supervisor().restart_rolling("fickle").has_value());
    } else {
      REQUIRE(::kill(former, SIGKILL) == 0);
    }
    REQUIRE(behind.fleet.until([&] {
      return behind.fleet.state_of("fickle") == State::ready && behind.pid("fickle") != former;
    }));
    const auto asked = session.calls("2", "fickle__echo", R"({"text":"there"})");
    REQUIRE(behind.answered(*asked));
  };

  replace();
  CHECK(session.messages.empty());
  CHECK(listener->messages.size() == 1);  // its acknowledgement

  folder.write("modes", "--mode=no-tools");
  replace();
  constexpr std::string_view news = "notifications/tools/list_changed";
  REQUIRE(behind.fleet.until([&] { return heard(session.messages, news); }));
  REQUIRE(behind.fleet.until([&] { return heard(listener->messages, news); }));
  CHECK(session.messages.size() == 1);
  CHECK(listener->messages.size() == 2);
  CHECK(holds(listener->messages.back(), R"("io.modelcontextprotocol/subscriptionId":"l")"));
  const auto after = session.lists("3");
  REQUIRE(behind.answered(*after));
  CHECK(after->holds("steady__echo"));
  CHECK_FALSE(after->holds("fickle__echo"));
  behind.fleet.stop_and_check();
}

TEST_CASE("clients of all servers hear of those that a reload brings and takes away") {
  Behind behind{{server("one")}};
  behind.start("one");
  Client client{*behind.upstreams, ""};
  const auto before = client.lists("1");
  REQUIRE(behind.answered(*before));

  behind.fleet.reading().config.servers = {behind.fleet.reading().config.servers[0], server("two")};
  behind.fleet.reading().config.servers[1].cwd = "/tmp";
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  constexpr std::string_view news = "notifications/tools/list_changed";
  REQUIRE(behind.fleet.until([&] { return heard(client.messages, news); }));
  const auto between = client.lists("2");
  REQUIRE(behind.answered(*between));
  CHECK(between->holds("two__echo"));

  client.messages.clear();
  behind.fleet.reading().config.servers.pop_back();
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.fleet.until([&] { return heard(client.messages, news); }));
  const auto after = client.lists("3");
  REQUIRE(behind.answered(*after));
  CHECK_FALSE(after->holds("two"));
  const auto call = client.calls("4", "two__echo", R"({"text":"too late"})");
  REQUIRE(behind.answered(*call));
  CHECK(call->holds("-32602"));
  behind.fleet.stop_and_check();
}

TEST_CASE("what no server has, and what cannot be asked of all, is told so") {
  Behind behind{{server()}};
  behind.start("mcp");
  Client client{*behind.upstreams, ""};

  const auto tool = client.calls("1", "other__echo", "{}");
  const auto other = client.asks(R"({"jsonrpc":"2.0","id":2,"method":"sub/marine"})");
  const auto resource = client.asks(
      R"({"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"test://x"}})");

  REQUIRE(behind.answered(*tool));
  CHECK(tool->holds(R"("id":1,"error":{"code":-32602)"));
  REQUIRE(behind.answered(*other));
  CHECK(other->holds(R"("id":2,"error":{"code":-32601)"));
  REQUIRE(behind.answered(*resource));
  CHECK(resource->holds(R"("id":3,"error":{"code":-32602)"));
  behind.fleet.stop_and_check();
}

TEST_CASE("resources are read and followed at the server that lists them") {
  Behind behind{{with_resource("a"), with_resource("b")}};
  behind.start("a");
  REQUIRE(behind.fleet.until_state("b", State::ready));
  Client client{*behind.upstreams, ""};
  Client modern{*behind.upstreams, "", mcp::Era::modern};

  const auto read = client.asks(
      R"({"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://b"}})");
  REQUIRE(behind.answered(*read));
  CHECK(read->holds("of b"));

  const auto listener = modern.asks(listen(R"({"resourceSubscriptions":["test://b","test://c"]})"));
  constexpr std::string_view news = "notifications/resources/updated";
  REQUIRE(behind.fleet.until([&] { return heard(listener->messages, news); }));
  CHECK(holds(listener->messages[0], "subscriptions/acknowledged"));
  CHECK(holds(listener->messages[0], R"("resourceSubscriptions":["test://b"])"));
  CHECK(holds(listener->messages[1], R"("io.modelcontextprotocol/subscriptionId":"l")"));
  CHECK(holds(listener->messages[1], "test://b"));

  const auto subscribe = client.asks(
      R"({"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"test://a"}})");
  REQUIRE(behind.answered(*subscribe));
  CHECK(subscribe->holds(R"("result":{})"));
  REQUIRE(behind.fleet.until([&] { return heard(client.messages, "test://a"); }));
  behind.fleet.stop_and_check();
}

TEST_CASE("together the servers say of themselves what any of them says") {
  Behind behind{{server(), with_resource("a")}};
  std::vector<std::string> described;
  behind.upstreams->describe("", [&](Result<relay::ServerProfile> profile) {
    described.push_back(profile ? profile->capabilities : profile.error().message);
  });
  CHECK(described.empty());

  behind.start("mcp");
  REQUIRE(behind.fleet.until([&] { return described.size() == 1; }));
  CHECK(holds(described[0], R"("tools":{"listChanged":true})"));
  CHECK(holds(described[0], R"("resources":{"subscribe":true,"listChanged":true})"));
  behind.fleet.stop_and_check();
}

TEST_CASE("without a single server that can be had, all together cannot either") {
  Behind behind{{scripted("broken", "exit 78")}};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("broken", State::failed));
  std::vector<std::string> described;

  behind.upstreams->describe("", [&](Result<relay::ServerProfile> profile) {
    described.push_back(profile ? profile->capabilities : profile.error().message);
  });

  REQUIRE(behind.fleet.until([&] { return described.size() == 1; }));
  CHECK(holds(described[0], "no server can be had"));
  CHECK(holds(described[0], "exit code 78"));
  behind.fleet.stop_and_check();
}
