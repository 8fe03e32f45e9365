// How fast children start, come back and go.
#include <array>
#include <memory>
#include <numeric>
#include <span>

#include "bench/clock.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

constexpr unsigned repetitions = 5;
constexpr unsigned calming_ms = 1'500;
constexpr std::uint32_t deaths = 50;

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

using Times = std::vector<double>;

/// Fifty deaths in each fleet, all in turn: what else the machine does at that time meets
/// every one.
std::vector<Times> respawns(std::span<const Subject> fleets, std::size_t children) {
  std::vector<std::unique_ptr<Run>> runs;
  for (const Subject subject : fleets) {
    runs.push_back(std::make_unique<Run>(subject, Order{.children = children}));
  }
  std::vector<Times> times(fleets.size());
  for (const auto& run : runs) {
    if (!run->await_all()) return times;
  }
  rest(calming_ms);
  for (std::uint32_t i = 0; i < deaths; ++i) {
    const auto victim = static_cast<std::uint32_t>(i % children);
    for (std::size_t each = 0; each < runs.size(); ++each) {
      for (const double time : runs[each]->kill_and_await({victim})) times[each].push_back(time);
      rest(5);
    }
  }
  for (const auto& run : runs) run->stop_ms();
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

/// Of several fleets, each with fifty deaths: the worst of one fleet is now and then the
/// worst of what else ran, and a second floor shows by how much.
void measure_respawn() {
  constexpr std::array fleets{Subject::floor, Subject::mcpctl, Subject::floor};
  for (const std::size_t children : {10u, 1000u}) {
    std::array<Times, fleets.size()> usual;
    std::array<Times, fleets.size()> worst;
    for (unsigned i = 0; i < repetitions; ++i) {
      const std::vector<Times> times = respawns(fleets, children);
      for (std::size_t each = 0; each < fleets.size(); ++each) {
        usual.at(each).push_back(median(times[each]));
        worst.at(each).push_back(largest(times[each]));
      }
    }
    const std::string what = "respawn among " + std::to_string(children);
    print({what + ", median of 50", "ms", median(usual[0]), median(usual[1]), "<= 1.5 x"});
    print({what + ", worst of 50", "ms", median(worst[0]), median(worst[1]), "<= 1.5 x"});
    print({what + ", worst, two floors", "ms", median(worst[0]), median(worst[2]), ""});
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
