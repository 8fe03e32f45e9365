// How fast children start, come back and go.
#include <numeric>

#include "bench/clock.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

constexpr unsigned repetitions = 5;
constexpr unsigned calming_ms = 1'500;

/// The best of several runs, the two subjects in turn: what else runs on the machine only
/// ever adds to a time.
template <typename Measure>
Figure compare(Figure figure, Measure measure) {
  std::vector<double> floor;
  std::vector<double> mcpctl;
  for (unsigned i = 0; i < repetitions; ++i) {
    floor.push_back(measure(Subject::floor));
    mcpctl.push_back(measure(Subject::mcpctl));
  }
  figure.floor = smallest(floor);
  figure.mcpctl = smallest(mcpctl);
  return figure;
}

std::vector<std::uint32_t> indices(std::uint32_t count) {
  std::vector<std::uint32_t> all(count);
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

struct Respawns {
  std::vector<double> floor;
  std::vector<double> mcpctl;
};

/// Fifty deaths of each subject's children, the two in turn: what else the machine does at
/// that time meets both.
Respawns respawns(std::size_t children) {
  Run floor{Subject::floor, {.children = children}};
  Run mcpctl{Subject::mcpctl, {.children = children}};
  Respawns times;
  if (!floor.await_all() || !mcpctl.await_all()) return times;
  rest(calming_ms);
  const auto kill_one = [](Run& run, std::uint32_t index, std::vector<double>& into) {
    for (const double time : run.kill_and_await({index})) into.push_back(time);
    rest(5);
  };
  for (std::uint32_t i = 0; i < 50; ++i) {
    const auto index = static_cast<std::uint32_t>(i % children);
    kill_one(floor, index, times.floor);
    kill_one(mcpctl, index, times.mcpctl);
  }
  floor.stop_ms();
  mcpctl.stop_ms();
  return times;
}

}  // namespace

void measure_start() {
  for (const std::size_t children : {1u, 10u, 100u, 1000u}) {
    print(compare(
        {"start of " + std::to_string(children), "ms", {}, 0, children == 1000 ? "<= 1.3 x" : ""},
        [children](Subject subject) {
          Run run{subject, {.children = children}};
          const double took = run.start_ms();
          rest(300);
          run.stop_ms();
          return took;
        }));
  }
}

void measure_respawn() {
  for (const std::size_t children : {10u, 1000u}) {
    const auto [floor, mcpctl] = respawns(children);
    const std::string what = "respawn among " + std::to_string(children);
    print({what + ", median of " + std::to_string(mcpctl.size()), "ms", median(floor),
           median(mcpctl), "<= 1.5 x"});
    print({what + ", worst", "ms", largest(floor), largest(mcpctl), "<= 1.5 x"});
  }
}

void measure_mass_kill() {
  print(compare({"100 of 1000 killed, all back", "ms", {}, 0, "<= 1.3 x"}, [](Subject subject) {
    Run run{subject, {.children = 1000}};
    if (!run.await_all()) return -1.0;
    rest(calming_ms);
    const std::vector<double> times = run.kill_and_await(indices(100));
    rest(300);
    run.stop_ms();
    return times.size() == 100 ? largest(times) : -1.0;
  }));
}

void measure_stop() {
  for (const bool stubborn : {false, true}) {
    for (const std::size_t children : {100u, 1000u}) {
      const std::string what = std::to_string(children) + (stubborn ? " stubborn" : " cooperative");
      print(compare({"stop of " + what,
                     "ms",
                     {},
                     0,
                     children != 1000 ? ""
                     : stubborn       ? "<= 2300 ms"
                                      : "<= 1.3 x"},
                    [&](Subject subject) {
                      Run run{subject,
                              {.children = children, .mode = stubborn ? "stubborn" : "wait"}};
                      if (!run.await_all()) return -1.0;
                      rest(calming_ms);
                      return run.stop_ms();
                    }));
    }
  }
}

}  // namespace mcpctl::bench
