// Runs the command of an exec check: in a session of its own, its output read to
// 4 KiB for the report and ignored beyond, everything of it killed when the check
// ends, however it ends.
#pragma once
#include <memory>

#include "loop/loop.h"
#include "runtime/check_runner.h"
#include "runtime/tree_watch.h"

namespace mcpctl::runtime {

class CheckCommand {
 public:
  /// `done` comes from the loop: exit code 0 or not.
  CheckCommand(loop::Loop& loop, TreeWatch& trees, const CheckTarget& target,
               CheckRunner::Done done);
  /// Kills what still runs; its burial goes on without us.
  ~CheckCommand();
  CheckCommand(const CheckCommand&) = delete;
  CheckCommand& operator=(const CheckCommand&) = delete;

 private:
  class Running;
  TreeWatch& trees_;
  std::unique_ptr<Running> running_;
};

}  // namespace mcpctl::runtime
