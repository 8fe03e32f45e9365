// The benchmarks by name; each prints its figures.
#pragma once
#include <span>
#include <string_view>

namespace mcpctl::bench {

struct Row {
  std::string_view name;
  std::string_view about;
  void (*measure)();
  bool is_usual{true};  ///< measured when no name is given
};

std::span<const Row> rows();

// By file: life_rows, cost_rows, log_rows, init_rows, supervisor_rows, example_rows, door_rows,
// peer_rows, growth_rows.
void measure_start();
void measure_respawn();
void measure_mass_kill();
void measure_stop();
void measure_memory();
void measure_idle();
void measure_liveness();
void measure_logs();
void measure_init();
void measure_supervisors();
void measure_example();
void measure_door();
void measure_clients();
void measure_peers();
void measure_growth();

}  // namespace mcpctl::bench
