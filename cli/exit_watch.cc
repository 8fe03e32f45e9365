#include "cli/exit_watch.h"

#include <array>
#include <utility>

#include "config/suggest.h"

namespace mcpctl::cli {

Result<supervisor::ExitRule> exit_rule_of(const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 3> known{"main", "any-failed", "all-done"};
  supervisor::ExitRule rule;
  for (const std::string& word : words) {
    if (word == "any-failed") {
      rule.any_failed = true;
    } else if (word == "all-done") {
      rule.all_done = true;
    } else if (word == "main") {
      rule.main = "main";
    } else if (word.starts_with("main=") && word.size() > 5) {
      rule.main = word.substr(5);
    } else {
      return failure("cannot end the fleet on \"" + word + "\"; expected main, main=NAME, " +
                     "any-failed or all-done" + config::did_you_mean_clause(word, known));
    }
  }
  return rule;
}

ExitWatch::ExitWatch(loop::Loop& loop, runtime::Supervisor& supervisor, supervisor::ExitRule rule,
                     std::function<void(const supervisor::Verdict&)> on_verdict)
    : supervisor_(supervisor),
      rule_(std::move(rule)),
      on_verdict_(std::move(on_verdict)),
      look_(loop) {
  if (!rule_.ends_anything()) return;
  transitions_ = supervisor.feed().subscribe([this](const runtime::Transitioned& transition) {
    Ended& server = servers_[transition.server];
    server.state = transition.to;
    server.exit.reset();
    if (transition.why.has_exit) server.exit = transition.why.exit;
    server.shell_code = transition.why.shell_code;
    // Later in this turn, the whole burst is out: who ends lets another one start.
    look_.arm(Duration{0}, [this] { look(); });
  });
  look_.arm(Duration{0}, [this] { look(); });
}

void ExitWatch::look() {
  if (supervisor_.is_stopping()) return;
  std::vector<supervisor::Fate> fleet;
  const auto add = [&](const std::string& name, bool is_required) {
    const auto known = servers_.find(name);
    const Ended server = known == servers_.end() ? Ended{} : known->second;
    fleet.push_back({name, server.state, is_required, server.exit, server.shell_code});
  };
  const config::Config& config = supervisor_.config();
  for (const config::Server& server : config.servers) add(server.name, server.required);
  for (const config::Unusable& unusable : config.unusable) add(unusable.server, true);
  if (const auto verdict = supervisor::judge(rule_, fleet)) {
    transitions_.reset();
    on_verdict_(*verdict);
  }
}

}  // namespace mcpctl::cli
