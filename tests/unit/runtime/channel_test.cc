#include "runtime/channel.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "fleet_fixture.h"
#include "mcp/raw.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using namespace mcpctl::runtime::testing;
using supervisor::State;

namespace {

/// A relay that writes down what it hears.
struct Relay final : ChannelListener {
  explicit Relay(Channel& to) : channel(&to) { to.listen(this); }
  ~Relay() {
    if (channel != nullptr) channel->listen(nullptr);
  }
  void on_change() noexcept override {
    if (states.empty() || states.back() != channel->state()) states.push_back(channel->state());
  }
  bool on_message(std::string_view text, const mcp::Envelope& envelope) noexcept override {
    heard.emplace_back(text);
    if (envelope.kind == mcp::Kind::request) requests.emplace_back(text);
    return takes;
  }
  void on_writable() noexcept override { ++writable; }
  void on_succeeded(Channel& successor) noexcept override { next = &successor; }
  void on_removed() noexcept override { channel = nullptr; }

  /// The answer to `id`, once it is there.
  const std::string* answer(std::uint64_t id) const {
    const std::string wanted = "\"id\":" + std::to_string(id);
    const auto found = std::ranges::find_if(
        heard, [&](const std::string& text) { return text.find(wanted) != std::string::npos; });
    return found == heard.end() ? nullptr : &*found;
  }
  std::uint64_t call(const std::string& tool, const std::string& arguments) {
    const std::uint64_t id = channel->take_id();
    CHECK(channel->send(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
                        R"(,"method":"tools/call","params":{"name":")" + tool +
                        R"(","arguments":)" + arguments + "}}"));
    return id;
  }

  Channel* channel;
  Channel* next{nullptr};  ///< what the server goes on at
  bool takes{true};
  int writable{0};
  std::vector<std::string> heard, requests;
  std::vector<State> states;
};

config::Server script(std::string name, const std::string& text) {
  config::Server server;
  server.name = std::move(name);
  server.command = "/bin/sh";
  server.args = {"-c", text};
  return server;
}

/// The least of a legacy server in shell: answers discover and initialize, then runs
/// `rest`, which may use $line.
config::Server shell_server(const std::string& rest) {
  return script("shell", R"sh(
read -r line; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
read -r line; printf '%s' "$line" > init.txt
printf '%s' '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18",'
printf '%s' '"capabilities":{"logging":{}},"serverInfo":{"name":"sh","version":"1"},'
echo '"instructions":"be brief"}}'
read -r line
)sh" + rest);
}

/// A channel whose server is a list of what was written to it.
struct Written {
  loop::Loop loop;
  std::vector<std::string> writes;
  Channel channel{loop,
                  {.write =
                       [this](std::string_view bytes) {
                         writes.emplace_back(bytes);
                         return loop::Written::accepted;
                       },
                   .queued = [] { return std::size_t{0}; },
                   .take_id = {},
                   .report = {},
                   .busy = {},
                   .is_harmless = {}}};

  void turn() { loop.run_ready(); }
  void say_later(const std::string& message) {
    loop.post_after_poll([this, message] { channel.send(message); });
  }
};

}  // namespace

TEST_CASE("one message is written in its turn; a burst waits for those that are ready by then") {
  Written server;
  server.channel.send("1");
  server.turn();
  CHECK(server.writes == std::vector<std::string>{"1\n"});

  server.channel.send("2");
  server.channel.send("3");
  server.say_later("4");
  server.turn();
  server.turn();
  CHECK(server.writes == std::vector<std::string>{"1\n", "2\n3\n4\n"});

  server.channel.send("5");
  server.channel.send("6");
  server.channel.flush();  // before stdin is closed
  CHECK(server.writes.back() == "5\n6\n");
  server.turn();
  CHECK(server.writes.size() == 3);
}

TEST_CASE("a burst that is large enough waits for nothing") {
  Written server;
  for (int i = 0; i < 8; ++i) server.channel.send("x");
  server.say_later("late");
  server.turn();
  server.turn();
  CHECK(server.writes == std::vector<std::string>{"x\nx\nx\nx\nx\nx\nx\nx\n", "late\n"});
}

TEST_CASE(
    "a channel opens with the handshake, relays beside the supervisor, and ends with a stop") {
  LiveFleet fleet{{misbehaving("mcp", {})}, true};
  Relay relay{*fleet.supervisor().channel("mcp")};
  CHECK(relay.channel->profile() == nullptr);

  fleet.supervisor().start();
  REQUIRE(fleet.until([&] { return relay.channel->is_ready(); }));
  const mcp::Profile& profile = *relay.channel->profile();
  CHECK(profile.era == mcp::Era::legacy);
  CHECK(mcp::string_value(mcp::member(profile.server_info, "name")) == "misbehave");
  CHECK(profile.capabilities.starts_with('{'));

  const std::uint64_t first = relay.call("echo", R"({"text":"one"})");
  const std::uint64_t second = relay.call("echo", R"({"text":"two"})");
  REQUIRE(fleet.until([&] { return relay.answer(first) && relay.answer(second); }));
  CHECK(relay.answer(first)->find("one") != std::string::npos);
  CHECK(relay.answer(second)->find("two") != std::string::npos);
  CHECK(fleet.supervisor().status_of("mcp", false)->garbage_lines == 0);

  fleet.stop_and_check();
  CHECK(relay.channel->profile() == nullptr);
  CHECK(relay.states.back() == State::stopped);
}

TEST_CASE("a killed server's channel closes and opens again with the next incarnation") {
  LiveFleet fleet{{misbehaving("mcp", {})}, true};
  Relay relay{*fleet.supervisor().channel("mcp")};
  fleet.supervisor().start();
  REQUIRE(fleet.until([&] { return relay.channel->is_ready(); }));
  const Incarnation before = relay.channel->incarnation();

  ::kill(*fleet.supervisor().status_of("mcp", false)->pid, SIGKILL);
  REQUIRE(fleet.until([&] { return relay.channel->profile() == nullptr; }));
  CHECK(relay.channel->why().find("SIGKILL") != std::string::npos);
  REQUIRE(fleet.until([&] { return relay.channel->is_ready(); }));

  CHECK(relay.channel->incarnation() > before);
  const std::uint64_t id = relay.call("echo", R"({"text":"again"})");
  CHECK(fleet.until([&] { return relay.answer(id) != nullptr; }));
  fleet.stop_and_check();
}

TEST_CASE("with a channel the supervisor declares what clients may do and hands requests over") {
  LiveFleet fleet{{shell_server(R"sh(
echo '{"jsonrpc":"2.0","id":"r1","method":"roots/list"}'
read -r line; printf '%s' "$line" > answer.txt; read -r line
)sh")},
                  true};
  Relay relay{*fleet.supervisor().channel("shell")};
  fleet.supervisor().start();

  REQUIRE(fleet.until([&] { return !relay.requests.empty(); }));
  CHECK(relay.requests.front().find("roots/list") != std::string::npos);
  CHECK(mcp::string_value(relay.channel->profile()->instructions) == "be brief");
  CHECK(relay.channel->profile()->revision == "2025-06-18");
  fleet.stop_and_check();
}

TEST_CASE("a request of the server's that nobody takes is refused at once") {
  LiveFleet fleet{{shell_server(R"sh(
echo '[{"jsonrpc":"2.0","id":"r1","method":"sampling/createMessage","params":{}}]'
read -r line
printf '{"jsonrpc":"2.0","method":"notifications/heard","params":{"line":%s}}\n' "$line"
read -r line
)sh")},
                  true};
  Relay relay{*fleet.supervisor().channel("shell")};
  relay.takes = false;
  fleet.supervisor().start();

  REQUIRE(fleet.until([&] { return relay.heard.size() == 2; }));
  CHECK(relay.heard[1].find(R"("id":"r1","error":{"code":-32601)") != std::string::npos);
  fleet.stop_and_check();
}

TEST_CASE("a message on several lines reaches the server as one, whatever stands on them") {
  LiveFleet fleet{{misbehaving("mcp", {})}, true};
  Relay relay{*fleet.supervisor().channel("mcp")};
  fleet.supervisor().start();
  REQUIRE(fleet.until([&] { return relay.channel->is_ready(); }));
  const std::string id = std::to_string(relay.channel->take_id());
  const std::string smuggled =
      R"({"jsonrpc":"2.0","id":"smuggled","method":"tools/call","params":{"name":"crash"}})";

  CHECK(relay.channel->send("{\"jsonrpc\":\"2.0\",\r\n \"id\":" + id +
                            ",\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\r" +
                            R"("arguments":{"text":"one","more":)" + "\n" + smuggled + "\n}}}"));
  REQUIRE(fleet.until([&] { return relay.answer(std::stoull(id)) != nullptr; }));

  CHECK(relay.answer(std::stoull(id))->find("one") != std::string::npos);
  const std::uint64_t next = relay.call("echo", R"({"text":"two"})");
  REQUIRE(fleet.until([&] { return relay.answer(next) != nullptr; }));
  CHECK(relay.heard.size() == 2);
  fleet.stop_and_check();
}

TEST_CASE("a server that reads nothing bounds what a channel takes, and is told of again") {
  LiveFleet fleet{{shell_server(R"sh(
while [ ! -e go ]; do sleep 0.02; done; head -c 3000000 > /dev/null; cat > /dev/null
)sh")},
                  true};
  Relay relay{*fleet.supervisor().channel("shell")};
  fleet.supervisor().start();
  REQUIRE(fleet.until([&] { return relay.channel->is_ready(); }));

  const std::string message = R"({"jsonrpc":"2.0","method":")" + std::string(100'000, 'x') + "\"}";
  std::size_t sent = 0;
  while (sent < 1'000 && relay.channel->send(message)) {
    ++sent;
    fleet.loop().run_ready();
  }
  CHECK(sent < 20);
  CHECK_FALSE(relay.channel->is_writable());
  CHECK(relay.writable == 0);

  std::ofstream{"/tmp/go"};
  REQUIRE(fleet.until([&] { return relay.writable > 0; }));
  CHECK(relay.channel->send(message));
  CHECK_FALSE(relay.channel->send(std::string(Channel::longest_message + 1, 'x')));
  std::filesystem::remove("/tmp/go");
  fleet.stop_and_check();
}

TEST_CASE("a lazy server starts on demand, stays awake while busy, and sleeps again") {
  config::Server lazy = misbehaving("lazy", {});
  lazy.startup = config::Startup::lazy;
  lazy.idle_stop = Duration{150};
  LiveFleet fleet{{lazy}, true};
  Relay relay{*fleet.supervisor().channel("lazy")};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("lazy", State::idle));

  relay.channel->demand();
  REQUIRE(fleet.until([&] { return relay.channel->is_ready(); }));
  relay.channel->set_in_flight(1);
  bool over = false;
  loop::Timer wait{fleet.loop()};
  wait.arm(Duration{600}, [&] { over = true; });
  REQUIRE(fleet.until([&] { return over; }));
  CHECK(relay.channel->is_ready());

  relay.channel->set_in_flight(0);
  CHECK(fleet.until_state("lazy", State::idle));
  fleet.stop_and_check();
}

TEST_CASE("a stop drains what is in flight first") {
  LiveFleet fleet{{misbehaving("mcp", {})}, true};
  Relay relay{*fleet.supervisor().channel("mcp")};
  fleet.supervisor().start();
  REQUIRE(fleet.until([&] { return relay.channel->is_ready(); }));
  relay.channel->set_in_flight(1);
  REQUIRE(fleet.until([&] { return fleet.loop().run_ready(), true; }));

  REQUIRE(fleet.supervisor().command(Command::stop, "mcp").has_value());
  REQUIRE(fleet.until_state("mcp", State::draining));
  CHECK_FALSE(relay.channel->is_ready());
  const std::uint64_t id = relay.call("echo", R"({"text":"last"})");
  REQUIRE(fleet.until([&] { return relay.answer(id) != nullptr; }));
  relay.channel->set_in_flight(0);

  CHECK(fleet.until_state("mcp", State::stopped));
  fleet.stop_and_check();
}

TEST_CASE("a removed server's channel says so, and an added one is announced") {
  LiveFleet fleet{{misbehaving("old", {})}, true};
  auto relay = std::make_unique<Relay>(*fleet.supervisor().channel("old"));
  std::vector<std::string> added;
  const Subscription watch = fleet.supervisor().additions().subscribe(
      [&](const std::string& name) { added.push_back(name); });
  fleet.supervisor().start();
  REQUIRE(fleet.until([&] { return relay->channel->is_ready(); }));

  config::Server fresh = misbehaving("new", {});
  fresh.cwd = "/tmp";
  fleet.reading().config.servers = {fresh};
  CHECK(fleet.supervisor().reload(false).applied);

  CHECK(added == std::vector<std::string>{"new"});
  CHECK(fleet.until([&] { return relay->channel == nullptr; }));
  CHECK(fleet.supervisor().channel("old") == nullptr);
  CHECK(fleet.supervisor().channel("new") != nullptr);
  fleet.stop_and_check();
}

TEST_CASE("whoever relays hears of the process that takes the server's place, and can use both") {
  LiveFleet fleet{{misbehaving("mcp", {})}, true};
  fleet.supervisor().start();
  REQUIRE(fleet.until_state("mcp", State::ready));
  Relay relay{*fleet.supervisor().channel("mcp")};
  const std::uint64_t slow = relay.call("sleep", R"({"ms":500})");
  relay.channel->set_in_flight(1);

  REQUIRE(fleet.supervisor().restart_rolling("mcp").has_value());
  REQUIRE(fleet.until([&] { return relay.next != nullptr; }));

  CHECK(relay.next == fleet.supervisor().channel("mcp"));
  CHECK(relay.next != relay.channel);
  Relay following{*relay.next};
  const std::uint64_t quick = following.call("echo", R"({"text":"new"})");
  REQUIRE(fleet.until([&] { return following.answer(quick) != nullptr; }));
  CHECK(relay.answer(slow) == nullptr);
  REQUIRE(fleet.until([&] { return relay.answer(slow) != nullptr; }));
  relay.channel->set_in_flight(0);
  REQUIRE(fleet.until([&] { return relay.channel == nullptr; }));
  fleet.stop_and_check();
}
