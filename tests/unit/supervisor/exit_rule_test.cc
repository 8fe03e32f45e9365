#include "supervisor/exit_rule.h"

#include <doctest/doctest.h>

#include <vector>

using namespace mcpctl::supervisor;

namespace {

const ExitRule all_done{.all_done = true};
const ExitRule any_failed{.any_failed = true};
const ExitRule main_is_web{.main = "web"};

Fate fate(std::string_view name, State state, std::optional<ExitStatus> exit = {}) {
  return {name, state, true, exit};
}
Fate optional_one(std::string_view name, State state) { return {name, state, false, {}}; }

std::optional<int> code(const ExitRule& rule, const std::vector<Fate>& fleet) {
  const auto verdict = judge(rule, fleet);
  return verdict ? std::optional{verdict->exit_code} : std::nullopt;
}

std::string reason(const ExitRule& rule, const std::vector<Fate>& fleet) {
  const auto verdict = judge(rule, fleet);
  return verdict ? verdict->reason : "";
}

}  // namespace

TEST_CASE("without a rule a fleet never ends by itself") {
  CHECK_FALSE(ExitRule{}.ends_anything());
  CHECK_FALSE(code({}, {fate("a", State::failed), fate("b", State::completed)}));
}

TEST_CASE("all-done waits for every server that runs or will") {
  for (const State state : all_states) {
    CAPTURE(name(state));
    const bool is_over = state == State::stopped || state == State::completed ||
                         state == State::failed || state == State::waiting;
    CHECK(code(all_done, {fate("a", State::completed), fate("b", state)}).has_value() == is_over);
  }
}

TEST_CASE("all-done is 0 if all completed or were stopped, else 1") {
  CHECK(code(all_done, {}) == 0);
  CHECK(code(all_done, {fate("a", State::completed), fate("b", State::stopped)}) == 0);
  CHECK(code(all_done, {fate("a", State::completed), fate("b", State::failed)}) == 1);
}

TEST_CASE("who waits for a dependency that will not come is done, and no success") {
  const std::vector<Fate> fleet{fate("db", State::failed), fate("web", State::waiting)};
  CHECK(code(all_done, fleet) == 1);
  CHECK(reason(all_done, fleet) == "every server is done, and not all succeeded: db");
}

TEST_CASE("any-failed ends with the first failure, and with nothing else") {
  CHECK_FALSE(code(any_failed, {fate("a", State::completed), fate("b", State::backoff)}));
  CHECK(code(any_failed, {fate("a", State::ready), fate("b", State::failed)}) == 1);
  CHECK(reason(any_failed, {fate("a", State::ready), fate("b", State::failed)}) == "b has failed");
}

TEST_CASE("servers that are not required count for nothing") {
  CHECK_FALSE(code(any_failed, {fate("a", State::ready), optional_one("b", State::failed)}));
  CHECK(code(all_done, {fate("a", State::completed), optional_one("b", State::ready)}) == 0);
  CHECK(code(main_is_web, {optional_one("web", State::completed)}) == 0);
}

TEST_CASE("the main server's end is the fleet's, with its exit code") {
  const auto ended = [](State state, std::optional<ExitStatus> exit) {
    return code(main_is_web, {fate("web", state, exit), fate("db", State::ready)});
  };
  CHECK_FALSE(ended(State::ready, {}));
  CHECK_FALSE(ended(State::backoff, ExitStatus{.code = 3}));
  CHECK(ended(State::completed, ExitStatus{.code = 0}) == 0);
  CHECK(ended(State::completed, ExitStatus{.code = 4}) == 4);
  CHECK(ended(State::failed, ExitStatus{.code = 3}) == 3);
  CHECK(ended(State::failed, ExitStatus{.signal = 11}) == 139);
}

TEST_CASE("a main server that failed never ends the fleet with 0") {
  CHECK(code(main_is_web, {fate("web", State::failed)}) == 1);
  CHECK(code(main_is_web, {fate("web", State::failed, ExitStatus{.code = 0})}) == 1);
}

TEST_CASE("a main server that was stopped by request ends the fleet with 0") {
  CHECK(code(main_is_web, {fate("web", State::stopped, ExitStatus{.signal = 15})}) == 0);
}

TEST_CASE("the verdict says what happened") {
  CHECK(reason(main_is_web, {fate("web", State::failed, ExitStatus{.code = 3})}) ==
        "web has failed, exit code 3");
  CHECK(reason(main_is_web, {fate("web", State::completed, ExitStatus{.code = 0})}) ==
        "web is completed, exit code 0");
  CHECK(reason(main_is_web, {fate("web", State::stopped)}) == "web is stopped");
  CHECK(reason(main_is_web, {fate("db", State::ready)}) == "web is not configured any more");
}

TEST_CASE("several rules hold at once") {
  const ExitRule both{.any_failed = true, .all_done = true};
  CHECK(code(both, {fate("a", State::ready), fate("b", State::failed)}) == 1);
  CHECK(code(both, {fate("a", State::completed), fate("b", State::completed)}) == 0);
  CHECK_FALSE(code(both, {fate("a", State::completed), fate("b", State::ready)}));
}

TEST_CASE("a main server whose program cannot be started ends the fleet as a shell would") {
  Fate web = fate("web", State::failed);

  web.shell_code = 127;
  CHECK(code(main_is_web, {web}) == 127);
  CHECK(reason(main_is_web, {web}) == "web has failed");
  web.shell_code = 0;
  CHECK(code(main_is_web, {web}) == 1);
}
