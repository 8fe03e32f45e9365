// A lazy server is known while it sleeps, also to the supervisor after the one that saw it
// run.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>

#include "behind.h"
#include "tests/unit/temporary_directory.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::testing::TemporaryDirectory;
using supervisor::State;

namespace {

struct Memory {
  TemporaryDirectory folder;
  std::string file{folder / "fleet.lists.json"};

  Memory() { folder.write("modes", ""); }
  /// What it lists, the file "modes" says.
  config::Server lazy() const {
    config::Server server =
        scripted("lazy", "exec " + gateway::testing::server().command + " $(cat modes)");
    server.cwd = folder.path();
    server.startup = config::Startup::lazy;
    return server;
  }
  std::string text() const {
    std::stringstream whole;
    whole << std::ifstream{file}.rdbuf();
    return whole.str();
  }
  /// A life of a supervisor in which the server runs.
  void learn() const {
    Behind behind{{lazy()}, file};
    behind.fleet.supervisor().start();
    Client client{*behind.upstreams, "lazy"};
    const auto call = client.calls("1", "echo", R"({"text":"awake"})");
    REQUIRE(behind.answered(*call));
    REQUIRE(behind.fleet.until([&] { return text().find("echo") != std::string::npos; }));
    client.downstream.reset();
    behind.fleet.stop_and_check();
  }
};

struct Next : Behind {
  Next(config::Server server, const Memory& memory) : Behind{{std::move(server)}, memory.file} {
    fleet.supervisor().start();
    REQUIRE(fleet.until_state("lazy", State::idle));
  }
  bool sleeps() { return fleet.state_of("lazy") == State::idle; }
  /// Nothing is known of it: who lists its tools wakes it.
  void check_that_a_list_wakes_it() {
    Client session{*upstreams, "lazy"};

    const auto list = session.lists("1");

    REQUIRE(answered(*list));
    CHECK(list->holds("echo"));
    CHECK_FALSE(sleeps());
    fleet.stop_and_check();
  }
};

}  // namespace

TEST_CASE("the next supervisor knows what a sleeping server lists, and wakes it for a call only") {
  const Memory memory;
  memory.learn();
  struct stat status{};
  REQUIRE(::stat(memory.file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777u) == 0600u);

  config::Server server = memory.lazy();
  server.disabled_tools = {"crash"};
  Next behind{server, memory};
  std::string described;
  behind.upstreams->describe("lazy", [&](Result<relay::ServerProfile> profile) {
    described = profile ? profile->server_info : profile.error().message;
  });
  Client session{*behind.upstreams, "lazy"};
  Client all{*behind.upstreams, ""};
  Client modern{*behind.upstreams, "lazy", mcp::Era::modern};
  const auto list = session.lists("\"1\"");
  const auto joint = all.lists("2");
  const auto prompts = session.asks(R"({"jsonrpc":"2.0","id":3,"method":"prompts/list"})");
  const auto fresh =
      modern.asks(R"({"jsonrpc":"2.0","id":4,"method":"tools/list","params":{"_meta":{)"
                  R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                  R"("io.modelcontextprotocol/clientCapabilities":{}}}})");
  for (const auto* asked : {&list, &joint, &prompts, &fresh}) REQUIRE(behind.answered(**asked));
  CHECK(described.find("misbehave") != std::string::npos);
  CHECK(list->holds(R"({"jsonrpc":"2.0","id":"1","result":{"tools":[{"name":"echo")"));
  CHECK_FALSE(list->holds(R"("name":"crash")"));
  CHECK(joint->holds("lazy__echo"));
  CHECK(prompts->holds(R"("prompts":[])"));
  CHECK(fresh->holds(R"("resultType":"complete")"));
  CHECK(fresh->holds(R"("io.modelcontextprotocol/serverInfo")"));
  CHECK(behind.sleeps());

  const auto call = session.calls("5", "echo", R"({"text":"awake"})");
  REQUIRE(behind.answered(*call));
  CHECK(call->holds("awake"));
  const auto after = session.lists("6");
  REQUIRE(behind.answered(*after));
  CHECK(session.messages.empty());
  behind.fleet.stop_and_check();
}

TEST_CASE("if it lists other things when it wakes, its clients hear so") {
  const Memory memory;
  memory.learn();
  memory.folder.write("modes", "--mode=no-tools");
  Next behind{memory.lazy(), memory};
  Client session{*behind.upstreams, "lazy"};
  const auto list = session.lists("1");
  REQUIRE(behind.answered(*list));
  CHECK(list->holds("echo"));

  const auto call = session.calls("2", "echo", R"({"text":"awake"})");
  REQUIRE(behind.answered(*call));
  REQUIRE(behind.fleet.until([&] { return !session.messages.empty(); }));

  CHECK(session.messages[0].find("tools/list_changed") != std::string::npos);
  CHECK(behind.fleet.until([&] { return memory.text().find("echo") == std::string::npos; }));
  behind.fleet.stop_and_check();
}

TEST_CASE("what another configuration listed is not taken for what this one lists") {
  const Memory memory;
  memory.learn();
  config::Server other = memory.lazy();
  other.env = {{"COLOUR", "blue"}};
  Next behind{other, memory};

  behind.check_that_a_list_wakes_it();
}

TEST_CASE("a broken file of lists is told, and the server is woken as if there were none") {
  const Memory memory;
  memory.folder.write("fleet.lists.json", "{\"version\":1");
  Next behind{memory.lazy(), memory};
  CHECK(behind.troubles ==
        std::vector<std::string>{"cannot read " + memory.file +
                                 ": it is no JSON object; lazy servers are not known before they "
                                 "run"});

  behind.check_that_a_list_wakes_it();
}
