// A flood of lines from one server to its file, and what its neighbours notice.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "bench/clock.h"
#include "bench/process_figures.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t flood_bytes = 1'000'000'000;
constexpr std::uint64_t line_bytes = 100;
constexpr std::uint64_t lines = flood_bytes / line_bytes;
constexpr unsigned flood_limit_ms = 120'000;
constexpr std::size_t fleet_size = 10;

/// What stands before the child's own words in a line that is its own.
std::string lead_of(const std::string& format) {
  if (format == "text") return "Z out ";
  if (format == "json") return R"("stream":"out","text":")";
  return "";
}

/// The flood's numbers, each exactly once and in order: how many were right until the
/// first that was not.
std::uint64_t lines_in_order(const std::string& folder, const std::string& lead) {
  std::uint64_t next = 0;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.file_size() < flood_bytes) continue;  // another child's
    std::ifstream file{entry.path(), std::ios::binary};
    for (std::string line; std::getline(file, line);) {
      const std::size_t start = line.find(lead);
      if (start == std::string::npos) continue;  // mcpctl's own words
      if (std::strtoull(line.c_str() + start + lead.size(), nullptr, 10) != next) return next;
      ++next;
    }
  }
  return next;
}

struct Flood {
  double megabytes_per_second{0};
  std::uint64_t in_order{0};
  double neighbour_ms{0};
  double peak_mib{0};
};

Flood flood(Subject subject, const std::string& format) {
  Run run{subject,
          {.children = fleet_size, .mode = "flood", .value = flood_bytes, .log_format = format}};
  Flood seen;
  Stamps& stamps = run.stamps();
  const auto has_begun = [&] {
    stamps.update();
    return stamps.running() == fleet_size && stamps.first(stamp_flood_began).has_value();
  };
  if (!wait_until(has_begun, flood_limit_ms)) return seen;
  const std::uint64_t begun = stamps.first(stamp_flood_began)->time_ns;
  seen.neighbour_ms = largest(run.kill_and_await({fleet_size - 1}));
  // A timestamped line is longer than it was; then the end shows in the file's silence.
  std::uint64_t size = 0;
  std::uint64_t last_growth = begun;
  const auto all_written = [&] {
    const std::uint64_t now = run.log_bytes();
    if (now != size) last_growth = now_ns();
    size = now;
    if (format == "raw") return size >= flood_bytes;
    return stamps.update(), stamps.first(stamp_flood_ended) && ms(now_ns() - last_growth) > 500;
  };
  wait_until(all_written, flood_limit_ms);
  seen.megabytes_per_second = static_cast<double>(flood_bytes) / 1e3 / ms(last_growth - begun);
  seen.peak_mib = memory_of(run.own_processes()).rss_mib;
  seen.in_order = lines_in_order(run.log_folder(), lead_of(format));
  run.stop_ms();
  return seen;
}

}  // namespace

void measure_logs() {
  const Flood floor = flood(Subject::floor, "raw");
  for (const auto& [format, wanted] :
       {std::pair{"raw", ">= 0.85 x"}, {"text", ">= 0.4 x"}, {"json", ""}}) {
    const Flood mcpctl = flood(Subject::mcpctl, format);
    const std::string what = std::string{"1 GB of lines, "} + format;
    print({what, "MB/s", floor.megabytes_per_second, mcpctl.megabytes_per_second, wanted});
    print({what + ", lost or out of order", "lines", static_cast<double>(lines - floor.in_order),
           static_cast<double>(lines - mcpctl.in_order), "0"});
    print({what + ", respawn of a neighbour", "ms", floor.neighbour_ms, mcpctl.neighbour_ms, ""});
    print({what + ", memory after it", "MiB", floor.peak_mib, mcpctl.peak_mib, ""});
  }
}

}  // namespace mcpctl::bench
