// The live views in a real terminal: `mcpctl top` and `mcpctl ps --watch`.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "screen.h"

using namespace mcpctl::e2e;

namespace {

const std::string top = mcpctl_binary + " top";

/// Tells what is left of the terminal behind it, then waits for the test to have seen it.
std::string and_then(const std::string& command) {
  return "echo before; " + command +
         "; echo \"left with $?\"; stty -a | grep -q ' echo ' && echo keys are echoed; cat";
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines{text};
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto characters = std::ranges::count_if(
        line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; });
    widest = std::max(widest, static_cast<std::size_t>(characters));
  }
  return widest;
}

}  // namespace

TEST_CASE("top shows servers, the chosen one's log, and obeys its keys") {
  Fleet fleet{Json{{"math", misbehaving({"log-line", "--text=words of math"})},
                   {"weather", misbehaving({"log-line", "--text=words of weather"})}},
              quick()};
  if (!Screen::is_available(fleet)) return;
  fleet.start();
  fleet.await_all("ready");
  const pid_t math = fleet.pid("math");

  Screen screen{fleet, and_then(top)};
  screen.await("2 servers: 2 ready");
  screen.await("words of math");
  CHECK(screen.shows(">  math"));
  screen.type({"j"});
  screen.await(">  weather");
  screen.await("words of weather");
  screen.type({"Up", "r"});
  fleet.await_restart("math", math);
  screen.await("restart math: accepted");

  screen.type({"s"});
  fleet.await("math", "stopped");
  screen.await("1 ready, 1 stopped");
  screen.type({"s"});
  fleet.await("math", "ready");

  screen.type({"Enter"});
  screen.await("-- math: ready");
  CHECK_FALSE(screen.shows(">  math"));
  screen.type({"Escape"});
  screen.await(">  math");

  screen.type({"/", "w", "e", "a", "Enter"});
  screen.await("filter: wea");
  CHECK(screen.shows(">  weather"));
  CHECK_FALSE(screen.shows("  math "));
  screen.type({"?"});
  screen.await("its restart policy decides");

  screen.type({"q", "q"});
  screen.await("left with 0");
  screen.await("keys are echoed");
  CHECK(screen.shows("before"));  // what was on the screen is back
  CHECK(fleet.state("math") == "ready");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("top follows the size of its window, down to a very small one") {
  Fleet fleet{Json{{"math", misbehaving({"log-line",
                                         "--text=a long line of math, longer than "
                                         "any narrow window can show at once"})}},
              quick()};
  if (!Screen::is_available(fleet)) return;
  fleet.start();
  fleet.await("math", "ready");
  Screen screen{fleet, and_then(top), 120, 40};
  screen.await("RESTARTS");
  screen.await("can show at once");

  screen.resize(40, 10);
  CHECK(eventually([&] { return !screen.shows("RESTARTS") && screen.shows(">  math"); }));
  CHECK(widest_line(screen.text()) <= 40);
  screen.resize(8, 3);
  screen.resize(100, 30);
  screen.await("can show at once");
  CHECK(screen.shows("RESTARTS"));

  screen.type({"C-c"});
  screen.await("left with 0");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("top gives the terminal back when it is killed, and when the fleet ends") {
  Fleet fleet{Json{{"math", misbehaving({})}}, quick()};
  if (!Screen::is_available(fleet)) return;
  fleet.start();
  fleet.await("math", "ready");

  SUBCASE("by a signal") {
    Screen screen{fleet, and_then("sh -c 'echo $$ > top.pid; exec " + top + "'")};
    screen.await(">  math");
    ::kill(std::stoi(read_file(fleet.file("top.pid"))), SIGTERM);
    screen.await("left with 0");
    screen.await("keys are echoed");
    CHECK(fleet.stop().exit_code == 0);
  }
  SUBCASE("by the end of the fleet") {
    Screen screen{fleet, and_then(top)};
    screen.await(">  math");
    CHECK(fleet.stop().exit_code == 0);
    screen.await("mcpctl: the fleet has ended");
    screen.await("left with 4");
    screen.await("keys are echoed");
  }
}

TEST_CASE("top without a terminal says what to use instead") {
  Fleet fleet{Json{{"math", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("math", "ready");

  const Outcome outcome = fleet.control({"top"});

  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err == "mcpctl: this needs a terminal to draw on; see mcpctl ps --watch\n");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("NO_COLOR keeps top to one colour") {
  Fleet fleet{Json{{"math", misbehaving({})}}, quick()};
  if (!Screen::is_available(fleet)) return;
  fleet.start();
  fleet.await("math", "ready");
  const auto escapes = [&](const std::string& variable) {
    Screen screen{fleet, "script -q -c '" + variable + top + "' typescript"};
    screen.await(">  math");
    screen.type({"q"});
    CHECK(eventually([&] {
      return read_file(fleet.file("typescript")).find("\x1b[?1049l") != std::string::npos;
    }));
    return read_file(fleet.file("typescript"));
  };

  CHECK(escapes("").find("\x1b[32m") != std::string::npos);
  CHECK(escapes("NO_COLOR=1 ").find("\x1b[32m") == std::string::npos);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("ps --watch shows each change at once, in place") {
  Fleet fleet{Json{{"math", misbehaving({})}, {"weather", misbehaving({})}}, quick()};
  if (!Screen::is_available(fleet)) return;
  fleet.start();
  fleet.await_all("ready");
  Screen screen{fleet, mcpctl_binary + " ps --watch; echo \"left with $?\"; cat"};
  screen.await("readiness proven");

  CHECK(fleet.control({"stop", "math"}).exit_code == 0);
  screen.await("stopped");
  const std::string text = screen.text();
  CHECK(text.find("NAME") == text.rfind("NAME"));  // one table, not two
  CHECK(text.find("ready") != std::string::npos);

  CHECK(fleet.stop().exit_code == 0);
  screen.await("the fleet has ended");
  screen.await("left with 4");
}
