// Other supervisors of the same thousand children, in one go with the floor and with us.
#include <cstdio>
#include <numeric>
#include <vector>

#include "bench/clock.h"
#include "bench/process_figures.h"
#include "bench/rows.h"
#include "bench/supervisors.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

constexpr unsigned lives = 3;  ///< of each fleet
constexpr std::uint32_t crowd = 1000;
constexpr std::uint32_t single_deaths = 20;
constexpr std::uint32_t killed_at_once = 100;
/// Some make a child wait that has lived for less than a second.
constexpr unsigned past_throttles_ms = 3'000;

/// Of all lives.
struct Lives {
  std::vector<double> start;
  std::vector<double> respawn;
  std::vector<double> worst_respawn;
  std::vector<double> mass;
  std::vector<double> stop;
  Memory memory;
};

void kill_one_by_one(Run& run, Lives& times) {
  std::vector<double> took;
  for (std::uint32_t i = 0; i < single_deaths; ++i) {
    for (const double time : run.kill_and_await({i})) took.push_back(time);
    rest(5);
  }
  if (took.size() != single_deaths) return;
  times.respawn.push_back(median(took));
  times.worst_respawn.push_back(largest(took));
}

void kill_many(Run& run, Lives& times) {
  std::vector<std::uint32_t> victims(killed_at_once);
  std::iota(victims.begin(), victims.end(), single_deaths);
  const std::vector<double> took = run.kill_and_await(victims);
  if (took.size() == killed_at_once) times.mass.push_back(largest(took));
}

void measure_once(const Supervisor& supervisor, Lives& times) {
  Run run{supervisor, {.children = crowd}};
  const double start = run.start_ms();
  if (start < 0) return;
  times.start.push_back(start);
  rest(past_throttles_ms);
  times.memory = memory_of(run.own_processes());
  kill_one_by_one(run, times);
  rest(past_throttles_ms);
  kill_many(run, times);
  rest(past_throttles_ms);
  const double stop = run.stop_ms();
  if (stop >= 0) times.stop.push_back(stop);
}

/// The best of all lives; -1: it never came to that.
void print_times(const std::string& name, const Lives& times) {
  std::printf("%-12s %9.1f %9.2f %9.2f %9.1f %9.1f %9.1f %9.1f\n", name.c_str(),
              smallest(times.start), smallest(times.respawn), smallest(times.worst_respawn),
              smallest(times.mass), smallest(times.stop), times.memory.rss_mib,
              times.memory.pss_mib);
  std::fflush(stdout);
}

}  // namespace

void measure_supervisors() {
  std::vector<const Supervisor*> measured{&supervisor_of(Subject::floor),
                                          &supervisor_of(Subject::mcpctl)};
  for (const Supervisor& other : other_supervisors()) {
    if (is_on_path(other.name)) {
      measured.push_back(&other);
    } else {
      std::printf("%s: skipped, not on PATH\n", other.name.c_str());
    }
  }
  std::vector<Lives> times(measured.size());
  for (unsigned life = 0; life < lives; ++life) {
    for (std::size_t i = 0; i < measured.size(); ++i) measure_once(*measured[i], times[i]);
  }
  std::printf("%-12s %9s %9s %9s %9s %9s %9s %9s\n", "1000, in ms", "start", "respawn", "worst",
              "100 killed", "stop", "RSS, MiB", "PSS, MiB");
  for (std::size_t i = 0; i < measured.size(); ++i) print_times(measured[i]->name, times[i]);
}

}  // namespace mcpctl::bench
