// A door with a server behind it: mcpctl's, the floor's or a peer's, before the same
// server, with the same questions.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/clients.h"
#include "bench/run.h"

namespace mcpctl::bench {

inline const std::string echo_program = MCPCTL_BINARY_DIR "/bench/bench_echo";

/// A program that serves a server on stdio, named "echo" there, over HTTP.
struct Gateway {
  std::string name;
  std::string path;  ///< of its endpoint
  Era era{Era::legacy};
  std::string tool_prefix;  ///< before the server's names for its tools
  /// Its command line; may write into `folder`, which lasts as long as the run.
  std::vector<std::string> (*command)(const std::string& folder, std::uint16_t port,
                                      const std::vector<std::string>& server);
};
const Gateway& gateway_of(Subject subject);

class Door {
 public:
  /// Starts it, and waits until it has answered a first call.
  explicit Door(const Gateway& gateway, std::vector<std::string> server = {echo_program});
  explicit Door(Subject subject) : Door(gateway_of(subject)) {}
  /// Ends it.
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  Endpoint endpoint() const { return {port_, gateway_.path}; }
  /// From just before the launch to the first answered call; negative: none was.
  double first_answer_ms() const { return first_answer_ms_; }
  /// The gateway's own processes, not its servers.
  std::vector<pid_t> own_processes() const { return processes(false); }
  std::vector<pid_t> servers() const { return processes(true); }

 private:
  std::vector<pid_t> processes(bool servers) const;

  const Gateway& gateway_;
  std::vector<std::string> server_;
  std::string folder_;
  std::uint16_t port_;
  pid_t root_{-1};
  double first_answer_ms_{-1};
};

}  // namespace mcpctl::bench
