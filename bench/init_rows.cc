// mcpctl init as PID 1 of a namespace, and the example fleet as a user sees it.
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

namespace fs = std::filesystem;

std::vector<std::string> in_namespace(bool with_init, const Stamps& stamps,
                                      const std::string& mode) {
  std::vector<std::string> words{"unshare", "--fork", "--pid", "--mount-proc"};
  if (with_init) words.insert(words.end(), {MCPCTL_BINARY_DIR "/mcpctl", "init", "--"});
  words.insert(words.end(), {child_program, stamps.path(), "0", mode, "1000"});
  return words;
}

double zombies(const std::string& folder) {
  Stamps stamps{folder + "/orphans"};
  const pid_t root = launch(in_namespace(true, stamps, "orphans"), folder);
  const auto counted = [&] {
    stamps.update();
    return stamps.first(stamp_zombies).has_value();
  };
  const bool done = wait_until(counted, 30'000);
  ::waitpid(root, nullptr, 0);
  return done ? static_cast<double>(stamps.first(stamp_zombies)->value) : -1;
}

/// From a SIGTERM to PID 1 until its child's handler runs.
double term_ms(const std::string& folder) {
  Stamps stamps{folder + "/term"};
  const pid_t root = launch(in_namespace(true, stamps, "wait"), folder);
  const auto runs = [&] {
    stamps.update();
    return stamps.running() == 1;
  };
  if (!wait_until(runs, 10'000)) return -1;
  rest(200);
  const std::vector<pid_t> init = children_of(root);
  const std::uint64_t sent = now_ns();
  ::kill(init.at(0), SIGTERM);
  const auto arrived = [&] {
    stamps.update();
    return stamps.first(stamp_signalled).has_value();
  };
  const bool done = wait_until(arrived, 10'000);
  ::waitpid(root, nullptr, 0);
  return done ? ms(stamps.first(stamp_signalled)->time_ns - sent) : -1;
}

}  // namespace

void measure_init() {
  const std::string folder = make_folder();
  print({"PID 1: zombies left of 1000 orphans", "", {}, zombies(folder), "0"});
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) times.push_back(term_ms(folder));
  print(
      {"PID 1: SIGTERM to the child's handler, median of 5", "ms", {}, median(times), "<= 0.3 ms"});
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

}  // namespace mcpctl::bench
