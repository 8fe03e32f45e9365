#include "gateway/upstream.h"

#include <doctest/doctest.h>
#include <signal.h>

#include "behind.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::runtime::Command;
using mcpctl::runtime::testing::misbehaving;
using mcpctl::runtime::testing::process;
using supervisor::State;

TEST_CASE("a request that comes before the server is ready waits for it") {
  Behind behind{{server()}};
  Client client{*behind.upstreams, "mcp"};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("mcp", State::starting));

  const auto asked = client.calls("\"1\"", "echo", R"({"text":"early"})");

  REQUIRE(behind.answered(*asked));
  CHECK(asked->holds(R"("id":"1")"));
  CHECK(asked->holds("early"));
  behind.fleet.stop_and_check();
}

TEST_CASE("clients that use the same ids get each their own answers") {
  Behind behind{{server()}};
  behind.start("mcp");
  Client one{*behind.upstreams, "mcp"};
  Client two{*behind.upstreams, "mcp"};

  const auto first = one.calls("1", "echo", R"({"text":"for one"})");
  const auto second = two.calls("1", "echo", R"({"text":"for two"})");

  REQUIRE(behind.answered(*first));
  REQUIRE(behind.answered(*second));
  CHECK(first->holds("for one"));
  CHECK(second->holds("for two"));
  behind.fleet.stop_and_check();
}

TEST_CASE("a crash ends the calls in flight with an error, repeats lists, and clients stay") {
  Behind behind{{server()}};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  ::kill(behind.pid("mcp"), SIGSTOP);
  const auto call = client.calls("1", "echo", R"({"text":"lost"})");
  const auto list = client.lists("2");
  for (int i = 0; i < 5; ++i) behind.fleet.loop().run_ready();

  ::kill(behind.pid("mcp"), SIGKILL);
  REQUIRE(behind.answered(*call));
  CHECK(call->holds("-32000"));
  CHECK(call->holds("SIGKILL"));
  const auto next = client.calls("3", "echo", R"({"text":"again"})");

  REQUIRE(behind.answered(*list));
  CHECK(list->holds(R"("tools")"));
  REQUIRE(behind.answered(*next));
  CHECK(next->holds("again"));
  behind.fleet.stop_and_check();
}

TEST_CASE(
    "calls of tools that declare it harmless are repeated, if the configuration trusts them") {
  config::Server trusted = server();
  bool repeats = false;
  SUBCASE("it does") { repeats = true; }
  SUBCASE("it does not") {}
  trusted.repeat_calls = repeats;
  Behind behind{{trusted}};
  behind.start("mcp");
  REQUIRE(behind.fleet.until(
      [&] { return !behind.fleet.supervisor().status_of("mcp", false)->tools.empty(); }));
  Client client{*behind.upstreams, "mcp"};
  ::kill(behind.pid("mcp"), SIGSTOP);
  const auto harmless = client.calls("1", "sleep", R"({"ms":1})");
  const auto other = client.calls("2", "echo", R"({"text":"once"})");
  for (int i = 0; i < 5; ++i) behind.fleet.loop().run_ready();

  ::kill(behind.pid("mcp"), SIGKILL);

  REQUIRE(behind.answered(*harmless));
  REQUIRE(behind.answered(*other));
  CHECK(harmless->holds("-32000") == !repeats);
  CHECK(harmless->holds(R"("result")") == repeats);
  CHECK(other->holds("-32000"));
  behind.fleet.stop_and_check();
}

TEST_CASE("over HTTP, too, what a crash cut off is repeated where that does no harm") {
  config::Server web = weather("mcp");
  bool repeats = false;
  SUBCASE("calls of tools that declare it, if the configuration trusts them") { repeats = true; }
  SUBCASE("but not if it does not") {}
  web.repeat_calls = repeats;
  Behind behind{{web}};
  behind.start("mcp");
  REQUIRE(behind.fleet.until(
      [&] { return !behind.fleet.supervisor().status_of("mcp", false)->tools.empty(); }));
  Client client{*behind.upstreams, "mcp"};
  const auto first = client.lists("1");
  REQUIRE(behind.answered(*first));
  ::kill(behind.pid("mcp"), SIGSTOP);
  const auto list = client.lists("2");
  const auto call = client.calls("3", "get_weather", R"({"city":"Lagos"})");
  REQUIRE(behind.fleet.until(
      [&] { return behind.fleet.supervisor().status_of("mcp", false)->in_flight == 2; }));
  for (int i = 0; i < 20; ++i) behind.fleet.loop().run_ready();

  ::kill(behind.pid("mcp"), SIGKILL);

  REQUIRE(behind.answered(*call));
  const auto next = client.calls("4", "get_weather", R"({"city":"Lagos"})");
  REQUIRE(behind.answered(*next));
  CHECK(next->holds("humidity"));
  REQUIRE(behind.answered(*list));
  CHECK(list->holds(R"("tools")"));
  CHECK(call->holds("-32000") == !repeats);
  CHECK(call->holds("humidity") == repeats);
  behind.fleet.stop_and_check();
}

TEST_CASE("a failed server answers at once, with its reason and its last words") {
  Behind behind{{scripted("broken", "echo no such flag >&2; exit 78")}};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("broken", State::failed));
  Client client{*behind.upstreams, "broken"};

  const auto asked = client.lists("7");

  REQUIRE(behind.answered(*asked));
  CHECK(asked->holds(R"("id":7,"error":{"code":-32000)"));
  CHECK(asked->holds(R"("server":"broken","state":"failed")"));
  CHECK(asked->holds("exit code 78"));
  CHECK(asked->holds(R"("stderr":"no such flag")"));
  behind.fleet.stop_and_check();
}

TEST_CASE("the queue before a server has an end and a time") {
  config::Server slow = process("slow", {"sleep", "60"});
  slow.kind = config::Kind::mcp;
  slow.queue_size = 1;
  slow.queue_timeout = Duration{150};
  Behind behind{{slow}};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("slow", State::starting));
  Client client{*behind.upstreams, "slow"};

  const auto waits = client.lists("1");
  const auto too_many = client.lists("2");

  REQUIRE(behind.answered(*too_many));
  CHECK(too_many->holds("-32003"));
  CHECK_FALSE(waits->response.has_value());
  REQUIRE(behind.answered(*waits));
  CHECK(waits->holds("-32001"));
  behind.fleet.supervisor().kill_all();
  behind.fleet.stop_and_check();
}

TEST_CASE("a request that the server does not answer in time ends, and the server lives on") {
  config::Server hung = server();
  hung.request_timeout = Duration{120};
  Behind behind{{hung}};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  ::kill(behind.pid("mcp"), SIGSTOP);

  const auto asked = client.calls("1", "echo", R"({"text":"late"})");
  REQUIRE(behind.answered(*asked));
  CHECK(asked->holds("-32001"));
  ::kill(behind.pid("mcp"), SIGCONT);

  const auto next = client.calls("1", "echo", R"({"text":"in time"})");
  REQUIRE(behind.answered(*next));
  CHECK(next->holds("in time"));
  behind.fleet.stop_and_check();
}

TEST_CASE("no more requests than configured are at the server at once") {
  config::Server narrow = server();
  narrow.max_concurrent_requests = 1;
  narrow.queue_size = 1;
  Behind behind{{narrow}};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  ::kill(behind.pid("mcp"), SIGSTOP);

  const auto first = client.lists("1");
  auto second = client.lists("2");
  const auto third = client.lists("3");
  REQUIRE(behind.answered(*third));
  CHECK(third->holds("-32003"));
  second.reset();  // the client went away
  const auto fourth = client.lists("4");
  ::kill(behind.pid("mcp"), SIGCONT);

  REQUIRE(behind.answered(*first));
  REQUIRE(behind.answered(*fourth));
  CHECK(fourth->holds(R"("tools")"));
  behind.fleet.stop_and_check();
}

TEST_CASE("the first request starts a lazy server") {
  config::Server lazy = server("lazy");
  lazy.startup = config::Startup::lazy;
  Behind behind{{lazy}};
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("lazy", State::idle));
  Client client{*behind.upstreams, "lazy"};

  const auto asked = client.lists("1");

  REQUIRE(behind.answered(*asked));
  CHECK(asked->holds(R"("tools")"));
  behind.fleet.stop_and_check();
}

TEST_CASE("a server is described once it is ready, and from memory while it restarts") {
  Behind behind{{server()}};
  std::vector<std::string> described;
  const auto describe = [&] {
    behind.upstreams->describe("mcp", [&](Result<relay::ServerProfile> profile) {
      described.push_back(profile ? profile->server_info : profile.error().message);
    });
  };
  behind.fleet.supervisor().start();
  REQUIRE(behind.fleet.until_state("mcp", State::starting));
  describe();
  REQUIRE(behind.fleet.until([&] { return described.size() == 1; }));
  CHECK(described[0].find("misbehave") != std::string::npos);

  ::kill(behind.pid("mcp"), SIGKILL);
  REQUIRE(behind.fleet.until_state("mcp", State::backoff));
  describe();
  REQUIRE(behind.fleet.until([&] { return described.size() == 2; }));
  CHECK(described[1] == described[0]);

  REQUIRE(behind.fleet.supervisor().command(Command::stop, "mcp").has_value());
  REQUIRE(behind.fleet.until_state("mcp", State::stopped));
  describe();
  REQUIRE(behind.fleet.until([&] { return described.size() == 3; }));
  CHECK(described[2].find("cannot be had") != std::string::npos);
  behind.fleet.stop_and_check();
}

TEST_CASE("clients of a removed server hear so, and find it again when it comes back") {
  Behind behind{{server(), server("other")}};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  config::Server kept = server();
  kept.cwd = "/tmp";
  auto& wanted = behind.fleet.reading().config.servers;
  wanted.erase(wanted.begin());
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.fleet.until([&] { return !behind.upstreams->knows("mcp"); }));

  const auto refused = client.lists("1");
  REQUIRE(behind.answered(*refused));
  CHECK(refused->holds(R"("state":"removed")"));

  wanted.push_back(kept);
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  CHECK(behind.upstreams->knows("mcp"));
  const auto asked = client.lists("2");
  REQUIRE(behind.answered(*asked));
  CHECK(asked->holds(R"("tools")"));
  behind.fleet.stop_and_check();
}

TEST_CASE("a tool that the configuration hides is neither listed nor called, from a reload on") {
  Behind behind{{server()}};
  behind.start("mcp");
  Client client{*behind.upstreams, "mcp"};
  const auto before = client.lists("1");
  REQUIRE(behind.answered(*before));
  CHECK(before->holds(R"("name":"echo")"));

  behind.fleet.reading().config.servers[0].disabled_tools = {"ec*"};
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.fleet.until([&] { return !client.messages.empty(); }));

  CHECK(client.messages[0].find("notifications/tools/list_changed") != std::string::npos);
  const auto after = client.lists("2");
  const auto call = client.calls("3", "echo", R"({"text":"hidden"})");
  REQUIRE(behind.answered(*after));
  REQUIRE(behind.answered(*call));
  CHECK(after->holds(R"("tools":[)"));
  CHECK_FALSE(after->holds(R"("name":"echo")"));
  CHECK(call->holds("unknown tool"));
  behind.fleet.stop_and_check();
}

TEST_CASE("a companion is no server to clients") {
  Behind behind{{process("redis", {"sleep", "60"})}};

  CHECK_FALSE(behind.upstreams->knows("redis"));
  CHECK_FALSE(behind.upstreams->knows("nobody"));
}
