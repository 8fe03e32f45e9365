// One run of a fleet of benchmark children, under mcpctl, the floor or a peer: the same
// children, the same stamps, the same questions.
#pragma once
#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/stamps.h"

namespace mcpctl::bench {

/// What every run consists of: child.c.
inline const std::string child_program = MCPCTL_BINARY_DIR "/bench/bench_child";

enum class Subject { floor, mcpctl };

struct Order {
  std::size_t children{1};
  std::string mode{"wait"};  ///< of the children, see child.c
  std::uint64_t value{0};
  std::string log_format{"raw"};  ///< mcpctl's; the floor knows only raw
  unsigned grace_ms{2'000};
};

/// Where a run keeps what it needs.
struct Place {
  std::string folder;
  std::string stamps;
  /// Below which all logs stand, and nothing else.
  std::string logs() const { return folder + "/logs"; }
};

/// What starts children and brings them back.
struct Supervisor {
  std::string name;
  /// Writes what it reads, with the shortest pause before a restart that it knows; its
  /// command line.
  std::vector<std::string> (*prepare)(const Place& place, const Order& order);
  int stop_signal{SIGTERM};  ///< that has it end all children, and itself
};
const Supervisor& supervisor_of(Subject subject);

/// The words of one child, its program first.
std::vector<std::string> child_command(const Place& place, std::size_t index, const Order& order);

class Run {
 public:
  /// Starts it, and does not wait for it.
  Run(const Supervisor& supervisor, const Order& order);
  Run(Subject subject, const Order& order) : Run(supervisor_of(subject), order) {}
  /// Kills what is left.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Until every child has reached main(); false: they did not within a minute.
  bool await_all();
  /// From just before the launch to the last child's main().
  double start_ms();
  Stamps& stamps() { return stamps_; }

  /// SIGKILL for these children; the times until each was back, none for the lost.
  std::vector<double> kill_and_await(const std::vector<std::uint32_t>& indices);
  /// Has the supervisor stop; until the last child is gone.  Negative: not all went.
  double stop_ms();

  /// The supervisor's own processes, not its children.
  std::vector<pid_t> own_processes();
  std::string log_folder() const { return place_.logs(); }
  std::uint64_t log_bytes() const;

 private:
  std::vector<pid_t> children();

  const Supervisor& supervisor_;
  std::size_t wanted_;  ///< children
  Place place_;
  Stamps stamps_;
  std::uint64_t launched_ns_{0};
  pid_t root_{-1};
};

/// Starts a program with stdin and stdout at /dev/null, stderr in folder/complaints, our
/// environment and a runtime folder of its own; its pid.
pid_t launch(const std::vector<std::string>& words, const std::string& folder);

/// A new folder in memory (/dev/shm) for one run.
std::string make_folder();

}  // namespace mcpctl::bench
