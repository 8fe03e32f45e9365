#include "bench/rows.h"

#include <array>

namespace mcpctl::bench {

std::span<const Row> rows() {
  static constexpr std::array all{
      Row{"start", "1 to 1000 children, until all run", measure_start},
      Row{"respawn", "SIGKILL until it is back, among 10 and 1000", measure_respawn},
      Row{"mass", "100 of 1000 killed at once, until all are back", measure_mass_kill},
      Row{"stop", "1000 cooperative and 1000 stubborn children", measure_stop},
      Row{"memory", "supervisor and warden with 10 and 1000 servers", measure_memory},
      Row{"idle", "wakeups and CPU in 20 seconds with 1000 servers", measure_idle},
      Row{"liveness", "the same with default liveness on 100 stdio servers", measure_liveness},
      Row{"logs", "1 GB of lines to a file, raw and with timestamps", measure_logs},
      Row{"init", "mcpctl init as PID 1: zombies, SIGTERM", measure_init},
      Row{"example", "the example fleet: ready, gone after Ctrl-C", measure_example},
      Row{"door", "tools/call over HTTP to a server on stdio", measure_door},
      Row{"clients", "the door with 1000 sessions and 5000 streams", measure_clients},
      Row{"supervisors", "dinit, s6, runit, supervisord beside us, as far as on PATH",
          measure_supervisors, false},
      Row{"peers", "other gateways from npm, and a real server, beside us", measure_peers, false},
      Row{"growth", "curves, drawn into docs/: servers, restarts, log volume", measure_growth,
          false},
  };
  return all;
}

}  // namespace mcpctl::bench
