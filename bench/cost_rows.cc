// What a fleet costs that does nothing.
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/clock.h"
#include "bench/process_figures.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

constexpr unsigned settling_ms = 3'000;
constexpr unsigned idle_ms = 20'000;

struct Cost {
  Memory memory;
  Activity activity;
};

Cost cost_of(Subject subject, std::size_t children, unsigned for_ms) {
  Run run{subject, {.children = children}};
  Cost cost;
  if (!run.await_all()) return cost;
  rest(settling_ms);
  const std::vector<pid_t> own = run.own_processes();
  cost.memory = memory_of(own);
  const Activity before = activity_of(own);
  if (for_ms > 0) rest(for_ms);
  const Activity after = activity_of(own);
  cost.activity = {after.cpu_ms - before.cpu_ms, after.wakeups - before.wakeups};
  run.stop_ms();
  return cost;
}

}  // namespace

void measure_memory() {
  for (const std::size_t children : {10u, 100u, 1000u}) {
    const Memory floor = cost_of(Subject::floor, children, 0).memory;
    const Memory mcpctl = cost_of(Subject::mcpctl, children, 0).memory;
    const std::string what = " with " + std::to_string(children) + " servers";
    const char* const wanted = children == 10 ? "<= 6 MiB" : children == 1000 ? "<= 16 MiB" : "";
    print({"RSS" + what, "MiB", floor.rss_mib, mcpctl.rss_mib, wanted});
    print({"PSS" + what, "MiB", floor.pss_mib, mcpctl.pss_mib, ""});
  }
}

void measure_idle() {
  const Activity floor = cost_of(Subject::floor, 1000, idle_ms).activity;
  const Activity mcpctl = cost_of(Subject::mcpctl, 1000, idle_ms).activity;
  print({"1000 idle servers, 20 s, wakeups", "", static_cast<double>(floor.wakeups),
         static_cast<double>(mcpctl.wakeups), "0"});
  print({"1000 idle servers, 20 s, CPU", "ms", floor.cpu_ms, mcpctl.cpu_ms, "0"});
}

void measure_liveness() {
  namespace fs = std::filesystem;
  using nlohmann::json;
  const std::string folder = make_folder();
  json servers = json::object();
  for (int i = 0; i < 100; ++i) {
    servers["s" + std::to_string(i)] = {{"command", MCPCTL_BINARY_DIR "/examples/math"}};
  }
  std::ofstream{folder + "/mcp.json"} << json{{"mcpServers", servers}};
  const pid_t warden =
      launch({MCPCTL_BINARY_DIR "/mcpctl", "run", "-c", folder + "/mcp.json"}, folder);
  rest(10'000);  // all are ready long before that
  std::vector<pid_t> own = children_of(warden);
  own.push_back(warden);
  const Activity before = activity_of(own);
  rest(3 * idle_ms);  // four rounds of probes
  const Activity after = activity_of(own);
  const double share = (after.cpu_ms - before.cpu_ms) / (3 * idle_ms) * 100;
  print({"default liveness of 100 stdio servers", "% of a core", {}, share, "<= 0.3 %"});
  ::kill(warden, SIGTERM);
  ::waitpid(warden, nullptr, 0);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

}  // namespace mcpctl::bench
