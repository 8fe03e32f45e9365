// What an operator sees of the fleet at one moment, as values: the source of
// `mcpctl ps`, of the API and of the metrics.  Holds no secrets and borrows nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/config.h"
#include "supervisor/exit_status.h"
#include "supervisor/state.h"
#include "supervisor/why.h"

namespace mcpctl::runtime {

/// The process that is to take a server's place, or last failed to.
struct SuccessorStatus {
  std::string name;                      ///< until it takes over
  supervisor::State state{};             ///< failed: it is gone, and the server goes on as it was
  std::string why_text;                  ///< redacted
  std::vector<std::string> stderr_tail;  ///< redacted
};

struct ServerStatus {
  std::string name;
  supervisor::State state{};
  supervisor::Goal goal{};
  supervisor::Why why;
  std::string why_text;   ///< one clause, redacted: "exit code 1 after 3s; restart in 1s"
  std::string waits_for;  ///< state waiting: "redis (starting)"
  Duration in_state{0};
  bool required{true};
  config::Kind kind{};
  config::Transport transport{};
  config::Startup startup{};
  std::string command_line;  ///< redacted; empty for a remote server
  std::string url;           ///< redacted; the port filled in
  std::uint16_t port{0};

  std::optional<int> pid;  ///< of the leader
  std::uint32_t incarnation{0};
  std::optional<Duration> uptime;  ///< since the spawn, while a process exists
  unsigned restarts{0};            ///< those nobody asked for
  std::optional<Duration> next_start;
  std::optional<supervisor::ExitStatus> last_exit;
  std::optional<SuccessorStatus> successor;
  std::vector<std::string> survivors;  ///< "pid 123 (node)": what outlived SIGKILL

  std::uint64_t memory_bytes{0};  ///< RSS of the whole tree
  std::uint64_t cpu_ms{0};        ///< of the processes alive in the tree
  unsigned processes{0};

  std::string era;               ///< "legacy", "modern"; empty before the handshake
  std::string protocol_version;  ///< negotiated revision
  std::string server_name;
  std::string server_version;
  std::vector<std::string> tools;
  std::string capabilities;  ///< JSON object as the server sent it; may be empty
  bool ping_unanswered{false};
  std::uint64_t garbage_lines{0};  ///< on stdout, not JSON-RPC
  std::string status_text;         ///< STATUS= of sd_notify

  // Through the clients' door.
  std::uint64_t clients{0};    ///< now
  std::uint64_t calls{0};      ///< of tools, that have ended
  std::uint64_t in_flight{0};  ///< requests at the server
  std::uint64_t waiting{0};    ///< requests that it cannot take yet

  std::uint64_t log_bytes{0};
  std::uint64_t log_lines{0};
  std::uint64_t log_dropped{0};          ///< lines that did not reach their file
  std::vector<std::string> stderr_tail;  ///< the last lines, redacted
};

struct FleetStatus {
  std::string fleet;
  std::vector<std::string> config_files;
  bool config_stale{false};  ///< the last reload failed; the old configuration runs on
  bool stopping{false};
  std::string gateway;  ///< where MCP clients reach it: "http://127.0.0.1:7420/mcp"; or empty
  std::vector<ServerStatus> servers;  ///< in configuration order
};

/// A session of one legacy client at the clients' door.  What the client says of itself is
/// printable and bounded.
struct ClientSession {
  std::string id;      ///< its beginning: who had all of it could disturb the session
  std::string server;  ///< at /mcp/NAME; "": at /mcp, all of them
  std::string client_name;
  std::string client_version;
  std::string protocol_version;
  std::string token;   ///< the name of the one that it came with; "" without
  std::string remote;  ///< the address that opened it
  Duration age{0};
  Duration idle{0};          ///< since its last message
  std::size_t in_flight{0};  ///< requests
  std::size_t streams{0};    ///< of events, open
};

/// Who is at the clients' door.
struct Clients {
  std::string gateway;                  ///< where it is; "": there is none
  std::vector<ClientSession> sessions;  ///< the one used last first
  // Of modern clients, who have no sessions.
  std::size_t requests{0};       ///< in flight
  std::size_t subscriptions{0};  ///< open
};

/// Every required server is ready, completed, or idle by design.
bool is_ready(const FleetStatus& status);

}  // namespace mcpctl::runtime
