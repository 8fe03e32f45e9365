#include "cli/top_view.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/terminal.h"

using namespace mcpctl;
using namespace mcpctl::cli;

namespace {

TopState state_of(std::size_t servers) {
  FleetView fleet;
  fleet.fleet = "demo";
  for (std::size_t i = 0; i < servers; ++i) {
    ServerView server;
    server.name = "server-" + std::to_string(i);
    server.state = i == 1 ? "failed" : "ready";
    server.why = i == 1 ? "exit code 3 after 5ms" : "readiness proven";
    server.pid = 4711;
    server.uptime = Duration{65'000};
    server.memory_bytes = 5u << 20;
    fleet.servers.push_back(server);
  }
  TopState state;
  state.update(std::move(fleet), {});
  return state;
}

void write_line(TopState& state, const std::string& text) {
  LogLineView line;
  line.server = state.selected();
  line.text = text;
  state.add_line(line);
}

void type(TopState& state, const std::string& keys) {
  KeyDecoder decoder;
  for (const Key& key : decoder.feed(keys)) state.press(key, 10);
}

bool holds(const std::vector<std::string>& lines, const std::string& part) {
  for (const std::string& line : lines) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a screen of eighty columns holds fleet, servers, log and keys") {
  TopState state = state_of(3);
  write_line(state, "hello");

  const auto lines = render_top(state, {80, 24}, false);

  REQUIRE(lines.size() == 24);
  CHECK(lines[0] == "demo  3 servers: 2 ready, 1 failed");
  CHECK(lines[1] == "   NAME      STATE    PID  UPTIME  RESTARTS   MEM  CPU  WHY");
  CHECK(lines[2] == ">  server-0  ready   4711   1m05s         0  5.0M    -  readiness proven");
  CHECK(lines[3] ==
        "   server-1  failed  4711   1m05s         0  5.0M    -  exit code 3 after 5ms");
  CHECK(lines[5].starts_with("-- server-0: ready, readiness proven ---"));
  CHECK(lines[6] == "hello");
  CHECK(lines[23].starts_with("up/down choose"));
}

TEST_CASE("whatever the size and page, the screen is exactly filled") {
  for (const std::size_t servers : {0u, 1u, 3u, 100u}) {
    for (const char* keys : {"", "?", "\r", "/x", "G"}) {
      TopState state = state_of(servers);
      for (int i = 0; i < 100; ++i) write_line(state, std::string(200, 'x') + "é€");
      type(state, keys);
      for (std::size_t columns = 1; columns < 130; columns += 13) {
        for (std::size_t rows = 0; rows < 60; rows += 1 + rows / 5) {
          const auto lines = render_top(state, {columns, rows}, false);
          CAPTURE(keys);
          CAPTURE(columns);
          REQUIRE(lines.size() == rows);
          REQUIRE(std::ranges::all_of(lines, [columns](const std::string& line) {
            return cli::columns(line) <= columns && line.find('\n') == std::string::npos;
          }));
        }
      }
    }
  }
}

TEST_CASE("the chosen server is on the screen, however long the list") {
  TopState state = state_of(500);
  for (const char* keys : {"g", "jjjjjjjjjjjjjjj", "G", "kkkkkk"}) {
    type(state, keys);
    CHECK(holds(render_top(state, {80, 24}, false), ">  " + state.selected() + " "));
  }
}

TEST_CASE("what a server writes cannot steer the terminal") {
  TopState state = state_of(1);
  write_line(state,
             "\x1b[2J\x1b]0;title\a red \x9b"
             "31m");

  for (const std::string& line : render_top(state, {80, 24}, false)) {
    CHECK(line.find('\x1b') == std::string::npos);
    CHECK(line.find('\a') == std::string::npos);
  }
}

TEST_CASE("the page of the log wraps long lines and shows the end of it") {
  TopState state = state_of(1);
  write_line(state, "first");
  write_line(state, std::string(70, 'a') + std::string(20, 'b'));
  type(state, "\r");

  const auto lines = render_top(state, {80, 8}, false);

  CHECK(lines[2] == "first");
  CHECK(lines[3] == std::string(70, 'a') + std::string(10, 'b'));
  CHECK(lines[4] == std::string(10, 'b'));
}

TEST_CASE("colours are added only when wanted, and change no text") {
  const TopState state = state_of(2);
  CHECK_FALSE(holds(render_top(state, {80, 24}, false), "\x1b"));
  CHECK(holds(render_top(state, {80, 24}, true), "\x1b[31mfailed\x1b[0m"));
}

TEST_CASE("the last line is the filter while it is typed, or the message") {
  TopState state = state_of(2);
  type(state, "/ser");
  CHECK(render_top(state, {80, 24}, false).back() == "/ser_");
  type(state, "\r");
  state.say("restart server-0: accepted");
  CHECK(render_top(state, {80, 24}, false).back() == "restart server-0: accepted");
}
