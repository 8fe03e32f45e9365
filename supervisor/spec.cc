#include "supervisor/spec.h"

namespace mcpctl::supervisor {

Spec spec_of(const config::Server& server) {
  Spec spec;
  spec.startup = server.startup;
  spec.idle_stop = server.idle_stop;
  spec.restart = server.restart;
  spec.backoff = server.backoff;
  spec.crash_loop = server.crash_loop;
  spec.success_exit_codes = server.success_exit_codes;
  spec.no_restart_exit_codes = server.no_restart_exit_codes;
  spec.start_timeout = server.readiness.timeout;
  spec.start_timeout_max = server.readiness.timeout_max;
  spec.stop = server.stop;
  spec.has_stdin = server.transport == config::Transport::stdio && server.kind == config::Kind::mcp;
  return spec;
}

}  // namespace mcpctl::supervisor
