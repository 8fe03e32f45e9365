// Holds a fleet against its exit rule (supervisor/exit_rule.h): looks once after the
// start and after each burst of transitions, and tells the verdict once.  Ends
// nothing itself.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "runtime/supervisor.h"
#include "supervisor/exit_rule.h"

namespace mcpctl::cli {

/// From the words of --exit-on: "all-done", "any-failed", "main", "main=NAME".
Result<supervisor::ExitRule> exit_rule_of(const std::vector<std::string>& words);

class ExitWatch {
 public:
  /// Borrows loop and supervisor.  `on_verdict` is called from the loop, never while
  /// the fleet is stopping anyway.
  ExitWatch(loop::Loop& loop, runtime::Supervisor& supervisor, supervisor::ExitRule rule,
            std::function<void(const supervisor::Verdict&)> on_verdict);

 private:
  struct Ended {
    supervisor::State state{};
    std::optional<supervisor::ExitStatus> exit;
    int shell_code{0};
  };
  void look();

  runtime::Supervisor& supervisor_;
  supervisor::ExitRule rule_;
  std::function<void(const supervisor::Verdict&)> on_verdict_;
  std::map<std::string, Ended, std::less<>> servers_;
  loop::Timer look_;
  runtime::Subscription transitions_;
};

}  // namespace mcpctl::cli
