#include "cli/top_state.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mcpctl;
using namespace mcpctl::cli;
using Asked = TopState::Request::Kind;

namespace {

constexpr Instant start{};

ServerView view_of(const std::string& name, const std::string& state = "ready") {
  ServerView view;
  view.name = name;
  view.state = state;
  view.goal = "up";
  return view;
}

FleetView fleet(std::vector<ServerView> servers) {
  FleetView view;
  view.fleet = "demo";
  view.servers = std::move(servers);
  return view;
}

TopState state_with(std::vector<ServerView> servers) {
  TopState state;
  state.update(fleet(std::move(servers)), start);
  return state;
}

TopState::Request press(TopState& state, const std::string& keys) {
  TopState::Request last;
  KeyDecoder decoder;
  for (const Key& key : decoder.feed(keys)) last = state.press(key, 10);
  for (const Key& key : decoder.settle()) last = state.press(key, 10);
  return last;
}

LogLineView line(const std::string& server, const std::string& text) {
  LogLineView view;
  view.server = server;
  view.text = text;
  return view;
}

const std::string escape = "\x1b";

}  // namespace

TEST_CASE("the first server is chosen, and keys move the choice within the list") {
  TopState state = state_with({view_of("a"), view_of("b"), view_of("c")});
  CHECK(state.selected() == "a");

  press(state, "j");
  CHECK(state.selected() == "b");
  press(state, "jjjj");
  CHECK(state.selected() == "c");
  press(state, "\x1b[A");
  CHECK(state.selected() == "b");
  press(state, "g");
  CHECK(state.selected() == "a");
  press(state, "k");
  CHECK(state.selected() == "a");
  press(state, "\x1b[6~");
  CHECK(state.selected() == "c");
}

TEST_CASE("when the chosen server goes, its place is taken by the next") {
  TopState state = state_with({view_of("a"), view_of("b"), view_of("c")});
  press(state, "j");

  state.update(fleet({view_of("a"), view_of("c")}), start);
  CHECK(state.selected() == "c");
  state.update(fleet({view_of("a")}), start);
  CHECK(state.selected() == "a");
  state.update(fleet({}), start);
  CHECK(state.selected().empty());
  CHECK(press(state, "r").kind == Asked::none);
  state.update(fleet({view_of("new")}), start);
  CHECK(state.selected() == "new");
}

TEST_CASE("r, s and K are commands to the chosen server") {
  TopState state = state_with({view_of("a"), view_of("b", "stopped")});
  CHECK(press(state, "r").verb == "restart");
  CHECK(press(state, "s").verb == "stop");
  const auto kill = press(state, "K");
  CHECK(kill.kind == Asked::command);
  CHECK(kill.verb == "kill");
  CHECK(kill.server == "a");

  ServerView down = view_of("b", "stopped");
  down.goal = "down";
  state.update(fleet({down}), start);
  CHECK(press(state, "s").verb == "start");
}

TEST_CASE("a filter narrows the list to names and states, whatever the case") {
  TopState state = state_with({view_of("math"), view_of("Weather"), view_of("db", "failed")});

  press(state, "/weA");
  CHECK(state.is_typing());
  CHECK(state.selected() == "Weather");
  press(state, "\r");
  CHECK_FALSE(state.is_typing());
  CHECK(state.servers().size() == 1);
  CHECK(press(state, "r").server == "Weather");  // a command again, not a letter

  press(state, escape);
  CHECK(state.servers().size() == 3);
  CHECK(state.selected() == "Weather");

  press(state, "/failed\r");
  CHECK(state.selected() == "db");
  press(state, "/\x7f\x7f\x7f\x7f\x7f\x7f\x7f");
  CHECK(state.servers().size() == 3);
}

TEST_CASE("letters that are typed into the filter command nothing") {
  TopState state = state_with({view_of("rsk")});
  CHECK(press(state, "/rKsq").kind == Asked::none);
  CHECK(state.filter() == "rKsq");
  CHECK(press(state, "\x03").kind == Asked::quit);
}

TEST_CASE("only the chosen server's lines are kept, and not for ever") {
  TopState state = state_with({view_of("a"), view_of("b")});
  state.add_line(line("b", "no"));
  for (std::size_t i = 0; i < TopState::most_lines + 10; ++i) state.add_line(line("a", "yes"));
  CHECK(state.log().size() == TopState::most_lines);

  press(state, "j");
  CHECK(state.log().empty());
}

TEST_CASE("who scrolls back reads on in peace while lines come") {
  TopState state = state_with({view_of("a")});
  for (int i = 0; i < 50; ++i) state.add_line(line("a", std::to_string(i)));
  press(state, "\r");
  CHECK(state.page() == TopState::Page::log);

  press(state, "kk");
  CHECK(state.scrolled() == 2);
  state.add_line(line("a", "new"));
  CHECK(state.scrolled() == 3);
  press(state, "g");
  CHECK(state.scrolled() == 50);
  press(state, "\x1b[6~");
  CHECK(state.scrolled() == 40);
  press(state, "G");
  CHECK(state.scrolled() == 0);

  CHECK(press(state, "q").kind == Asked::none);  // back to the list
  CHECK(state.page() == TopState::Page::fleet);
  CHECK(press(state, "q").kind == Asked::quit);
}

TEST_CASE("any key leaves the help, and does nothing else") {
  TopState state = state_with({view_of("a")});
  press(state, "?");
  CHECK(state.page() == TopState::Page::help);
  CHECK(press(state, "q").kind == Asked::none);
  CHECK(state.page() == TopState::Page::fleet);
}

TEST_CASE("the share of a processor comes from two looks at the same process") {
  const auto using_cpu = [](int ms, std::uint32_t incarnation) {
    ServerView view = view_of("a");
    view.cpu = Duration{ms};
    view.incarnation = incarnation;
    return fleet({view});
  };
  TopState state;
  state.update(using_cpu(1000, 1), start);
  CHECK_FALSE(state.cpu_share("a"));

  state.update(using_cpu(1500, 1), start + Duration{2000});
  CHECK(state.cpu_share("a") == 25u);
  state.update(using_cpu(1501, 1), start + Duration{2010});  // too soon to tell
  CHECK(state.cpu_share("a") == 25u);
  state.update(using_cpu(5500, 1), start + Duration{4000});
  CHECK(state.cpu_share("a") == 200u);

  state.update(using_cpu(10, 2), start + Duration{6000});
  CHECK_FALSE(state.cpu_share("a"));
}

TEST_CASE("a message stands until the next key") {
  TopState state = state_with({view_of("a")});
  state.say("restart a: accepted");
  CHECK(state.message() == "restart a: accepted");
  press(state, "j");
  CHECK(state.message().empty());
}
