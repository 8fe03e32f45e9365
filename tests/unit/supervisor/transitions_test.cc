// The table of edges, and the page that is drawn from it.
#include "supervisor/transitions.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <tuple>

using namespace mcpctl::supervisor;

TEST_CASE("no edge stands in the table twice") {
  std::set<std::tuple<State, Trigger, State>> seen;
  for (const Transition& edge : transitions()) {
    CAPTURE(name(edge.from));
    CAPTURE(name(edge.trigger));
    CHECK(seen.emplace(edge.from, edge.trigger, edge.to).second);
  }
}

TEST_CASE("what is not in the table is not allowed") {
  CHECK(is_allowed({State::stopped, Trigger::enabled, State::waiting}));
  CHECK_FALSE(is_allowed({State::stopped, Trigger::enabled, State::ready}));
  CHECK_FALSE(is_allowed({State::stopped, Trigger::exited, State::waiting}));
}

TEST_CASE("every state can be entered and left") {
  for (const State state : all_states) {
    bool entered = false;
    bool left = false;
    for (const Transition& edge : transitions()) {
      entered = entered || edge.to == state;
      left = left || edge.from == state;
    }
    CAPTURE(name(state));
    CHECK(entered);
    CHECK(left);
  }
}

TEST_CASE("a process comes to be in starting only, and only from waiting") {
  for (const Transition& edge : transitions()) {
    if (edge.to == State::starting) CHECK(edge.from == State::waiting);
    if (edge.to == State::ready) {
      CHECK((edge.from == State::starting || edge.from == State::degraded));
    }
  }
}

TEST_CASE("docs/lifecycle.md shows exactly the diagram of the table") {
  const std::string begin = "<!-- diagram: begin -->\n```mermaid\n";
  const std::string end = "```\n<!-- diagram: end -->\n";
  std::ifstream file{MCPCTL_SOURCE_DIR "/docs/lifecycle.md", std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};

  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  const std::string drawn = text.substr(from + begin.size(), to - from - begin.size());

  INFO("put this between the markers of docs/lifecycle.md:\n", diagram());
  CHECK(drawn == diagram());
}
