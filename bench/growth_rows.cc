// How cost grows: with the servers, with their deaths, with what they write.  Prints the
// points and draws them into docs/.
#include <algorithm>
#include <fstream>

#include "bench/clock.h"
#include "bench/plot.h"
#include "bench/process_figures.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

void draw(const Plot& plot, const std::string& name) {
  const std::string path = MCPCTL_SOURCE_DIR "/docs/" + name + ".svg";
  std::ofstream{path} << to_svg(plot);
}

/// A point of a logarithmic axis is above zero.
double visible(double value) { return std::max(value, 0.01); }

void grow_servers() {
  Curve floor{"floor", {}};
  Curve start{"mcpctl", {}};
  Curve memory{"supervisor and warden, RSS", {}};
  for (const std::size_t children : {1u, 10u, 50u, 100u, 200u, 500u, 1000u, 2000u, 5000u}) {
    const auto count = static_cast<double>(children);
    const Order order{.children = children};
    Figure figure{"start of " + std::to_string(children), "ms", {}, 0, ""};
    {
      Run run{Subject::floor, order};
      figure.floor = run.start_ms();
      run.stop_ms();
    }
    Run run{Subject::mcpctl, order};
    figure.mcpctl = run.start_ms();
    if (*figure.floor < 0 || figure.mcpctl < 0) break;  // the machine's limits end the curve
    rest(1'500);
    const double resident = memory_of(run.own_processes()).rss_mib;
    run.stop_ms();
    print(figure);
    print({"memory with " + std::to_string(children), "MiB", {}, resident, ""});
    floor.points.emplace_back(count, visible(*figure.floor));
    start.points.emplace_back(count, visible(figure.mcpctl));
    memory.points.emplace_back(count, visible(resident));
  }
  draw({"Start: until every server runs", "servers", "ms", {floor, start}}, "growth-start");
  draw({"Memory with idle servers", "servers", "MiB", {memory}}, "growth-memory");
}

/// CPU of the subject while `rate` of its 100 children die every second.
double restart_cpu(Subject subject, unsigned rate) {
  constexpr unsigned seconds = 4;
  Run run{subject, {.children = 100}};
  if (!run.await_all()) return -1;
  rest(1'000);
  const std::vector<pid_t> own = run.own_processes();
  const Activity before = activity_of(own);
  const std::uint64_t begun = now_ns();
  for (unsigned i = 0; i < rate * seconds; ++i) {
    run.kill_and_await({i % 100});
    const double due_ms = 1e3 / rate * (i + 1);
    const double spent_ms = ms(now_ns() - begun);
    if (due_ms > spent_ms) rest(static_cast<unsigned>(due_ms - spent_ms));
  }
  rest(500);  // what comes after, like the saving of state, counts too
  const double spent = activity_of(own).cpu_ms - before.cpu_ms;
  run.stop_ms();
  return spent / seconds;
}

void grow_restarts() {
  Curve floor{"floor", {}};
  Curve mcpctl{"mcpctl", {}};
  for (const unsigned rate : {1u, 2u, 5u, 10u, 20u, 50u, 100u}) {
    const Figure figure{std::to_string(rate) + " restarts a second", "ms of CPU a second",
                        restart_cpu(Subject::floor, rate), restart_cpu(Subject::mcpctl, rate), ""};
    print(figure);
    floor.points.emplace_back(rate, visible(*figure.floor));
    mcpctl.points.emplace_back(rate, visible(figure.mcpctl));
  }
  draw({"Restarts: CPU of the supervisor", "restarts a second", "ms a second", {floor, mcpctl}},
       "growth-restarts");
}

/// From the first line to the last byte in the file.
double flood_ms(Subject subject, const std::string& format, std::uint64_t bytes) {
  Run run{subject, {.mode = "flood", .value = bytes, .log_format = format}};
  Stamps& stamps = run.stamps();
  std::uint64_t size = 0;
  std::uint64_t last_growth = 0;
  wait_until(
      [&] {
        stamps.update();
        const std::uint64_t now = run.log_bytes();
        if (now != size) last_growth = now_ns();
        size = now;
        const bool ended = size >= bytes && stamps.first(stamp_flood_ended);
        return ended && ms(now_ns() - last_growth) > 300;
      },
      60'000);
  const auto began = stamps.first(stamp_flood_began);
  const double took = began ? ms(last_growth - began->time_ns) : -1;
  run.stop_ms();
  return took;
}

void grow_logs() {
  Curve floor{"floor: splice", {}};
  Curve raw{"mcpctl, raw", {}};
  Curve text{"mcpctl, with timestamps", {}};
  for (const std::uint64_t megabytes : {1u, 10u, 30u, 100u, 300u, 1000u}) {
    const std::uint64_t bytes = megabytes * 1'000'000;
    const auto volume = static_cast<double>(megabytes);
    const std::string what = std::to_string(megabytes) + " MB of lines";
    const double spliced = flood_ms(Subject::floor, "raw", bytes);
    raw.points.emplace_back(volume, visible(flood_ms(Subject::mcpctl, "raw", bytes)));
    text.points.emplace_back(volume, visible(flood_ms(Subject::mcpctl, "text", bytes)));
    floor.points.emplace_back(volume, visible(spliced));
    print({what + ", raw", "ms", spliced, raw.points.back().second, ""});
    print({what + ", text", "ms", spliced, text.points.back().second, ""});
  }
  draw({"Logs: until the last byte is in the file", "MB", "ms", {floor, raw, text}}, "growth-logs");
}

}  // namespace

void measure_growth() {
  grow_servers();
  grow_restarts();
  grow_logs();
}

}  // namespace mcpctl::bench
