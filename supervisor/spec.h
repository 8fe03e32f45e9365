// The policy one server's machine follows: the part of config::Server that the
// core needs, and nothing of how the process is made.
#pragma once
#include <string>
#include <vector>

#include "config/config.h"

namespace mcpctl::supervisor {

struct Spec {
  config::Startup startup{config::Startup::eager};
  Duration idle_stop{0};  ///< lazy: time without requests before a stop; 0: never
  config::RestartPolicy restart{config::RestartPolicy::always};
  config::Backoff backoff;
  config::CrashLoop crash_loop;
  std::vector<int> success_exit_codes{0};
  std::vector<int> no_restart_exit_codes;
  Duration start_timeout{60'000};
  Duration start_timeout_max{300'000};
  config::StopLadder stop;
  bool has_stdin{true};  ///< the ladder's first rung exists
  std::string unusable;  ///< not empty: why this server can never be started
};

Spec spec_of(const config::Server& server);

}  // namespace mcpctl::supervisor
