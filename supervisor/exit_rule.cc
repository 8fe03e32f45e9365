#include "supervisor/exit_rule.h"

#include <algorithm>

namespace mcpctl::supervisor {
namespace {

constexpr int signalled = 128;  // as shells count

bool is_done(State state) {
  return state == State::completed || state == State::failed || state == State::stopped;
}

/// As the shell would say it; a failure is never 0, also if the last process of the
/// server ended well (it was not ready in time, say).
int exit_code_of(const Fate& fate) {
  if (fate.state == State::stopped) return 0;  // as somebody wished
  const int own = !fate.exit              ? fate.shell_code
                  : fate.exit->signal > 0 ? signalled + fate.exit->signal
                                          : fate.exit->code;
  return fate.state == State::failed ? std::max(own, 1) : own;
}

std::optional<Verdict> judge_main(std::string_view main, std::span<const Fate> fleet) {
  const auto found = std::ranges::find(fleet, main, &Fate::name);
  if (found == fleet.end()) return Verdict{1, std::string{main} + " is not configured any more"};
  if (!is_done(found->state)) return std::nullopt;
  std::string reason = std::string{main} + " " + (found->state == State::failed ? "has" : "is") +
                       " " + std::string{name(found->state)};
  if (found->exit && found->state != State::stopped) reason += ", " + describe(*found->exit);
  return Verdict{exit_code_of(*found), std::move(reason)};
}

std::optional<Verdict> judge_failures(std::span<const Fate> fleet) {
  for (const Fate& fate : fleet) {
    if (fate.is_required && fate.state == State::failed) {
      return Verdict{1, std::string{fate.name} + " has failed"};
    }
  }
  return std::nullopt;
}

/// Whoever waits while nobody else runs waits for a dependency that will not come.
std::optional<Verdict> judge_all(std::span<const Fate> fleet) {
  std::string_view unsuccessful;
  for (const Fate& fate : fleet) {
    if (!fate.is_required) continue;
    if (!is_done(fate.state) && fate.state != State::waiting) return std::nullopt;
    const bool succeeded = fate.state == State::completed || fate.state == State::stopped;
    if (!succeeded && unsuccessful.empty()) unsuccessful = fate.name;
  }
  if (unsuccessful.empty()) return Verdict{0, "every server is done"};
  return Verdict{1, "every server is done, and not all succeeded: " + std::string{unsuccessful}};
}

}  // namespace

std::optional<Verdict> judge(const ExitRule& rule, std::span<const Fate> fleet) {
  if (!rule.main.empty()) {
    if (auto verdict = judge_main(rule.main, fleet)) return verdict;
  }
  if (rule.any_failed) {
    if (auto verdict = judge_failures(fleet)) return verdict;
  }
  return rule.all_done ? judge_all(fleet) : std::nullopt;
}

}  // namespace mcpctl::supervisor
