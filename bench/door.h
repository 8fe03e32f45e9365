// A door with the server of bench/echo.c behind it, mcpctl's or the floor's: the same
// server, the same path, the same questions.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/run.h"

namespace mcpctl::bench {

inline constexpr std::string_view door_path = "/mcp/echo";
inline const std::string echo_program = MCPCTL_BINARY_DIR "/bench/bench_echo";

class Door {
 public:
  /// Starts it, and waits until it has answered a first call.
  explicit Door(Subject subject);
  /// Ends it.
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  std::uint16_t port() const { return port_; }
  /// From just before the launch to the first answered call; negative: none was.
  double first_answer_ms() const { return first_answer_ms_; }
  /// The subject's own processes, not its servers.
  std::vector<pid_t> own_processes() const;
  std::vector<pid_t> servers() const;

 private:
  std::vector<std::string> command() const;

  Subject subject_;
  std::string folder_;
  std::uint16_t port_;
  pid_t root_{-1};
  double first_answer_ms_{-1};
};

}  // namespace mcpctl::bench
