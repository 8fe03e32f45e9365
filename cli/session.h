// One run of the supervisor: loop, outputs, door, fleet and signals put together, and
// what each signal does.  The composition root proper; it decides nothing about
// servers.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/log.h"
#include "config/reader.h"
#include "loop/address.h"
#include "supervisor/exit_rule.h"

namespace mcpctl::cli {

struct SessionOptions {
  std::function<config::Reading()> load;  ///< for reloads
  std::vector<std::string> only;
  supervisor::ExitRule exit_rule;
  std::string socket;                                     ///< empty: nobody can command this fleet
  std::optional<config::ResourceLimit> descriptor_limit;  ///< see runtime::Options
  std::string state_dir;
  bool predecessor_died{true};  ///< see runtime::Options
  std::optional<loop::Address> probes;
  bool watch{false};  ///< restart servers when their files change, reload when ours do
  LogStyle style{LogStyle::text};
  bool no_color{false};
};

/// Returns the exit status when the fleet has ended, by its exit rule or by a signal:
///   SIGTERM, SIGINT  the orderly end; the second kills everything, the third leaves
///   SIGHUP           reload; the orderly end when it came with the loss of our terminal
///   SIGUSR1          reopen the log files
///   SIGQUIT          every server's state into the log
int run_session(config::Config config, SessionOptions options);

}  // namespace mcpctl::cli
