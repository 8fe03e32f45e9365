// The fleet as a command sees it: the API's JSON read back into values.  Unknown
// keys are ignored and missing ones stay empty, so that a command and a supervisor
// of neighbouring versions understand each other.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace mcpctl::cli {

struct ServerView {
  std::string name;
  std::string state;
  std::string goal;
  std::string why;
  std::string waits_for;
  std::string kind;
  std::string transport;
  std::string protocol_version;
  bool required{true};
  std::optional<int> pid;
  std::uint32_t incarnation{0};
  unsigned restarts{0};
  std::optional<Duration> uptime;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<Duration> cpu;
  std::size_t tools{0};
  std::uint64_t calls{0};
  std::vector<std::string> stderr_tail;
  std::vector<std::string> survivors;
  std::string successor_state;  ///< of the process that is to take its place; empty: none is
  /// Of a rolling restart that failed: why its new process did not become ready, and what
  /// that wrote last.
  std::string successor_failure;
  std::vector<std::string> successor_tail;
};

/// Why it is in its state; for a waiting one, what for.
std::string reason_of(const ServerView& server);

/// The first of `names` that is not among `known`, in words, with the one that was
/// meant; empty if there is none.
std::string unknown_server(const std::vector<std::string>& names,
                           std::span<const std::string_view> known);

struct FleetView {
  std::string fleet;
  bool ready{false};
  bool stopping{false};
  bool config_stale{false};
  std::vector<ServerView> servers;

  const ServerView* find(std::string_view name) const;
  /// unknown_server() among its servers.
  std::string unknown_name(const std::vector<std::string>& names) const;
  /// It waits for a server that has failed, or for one that does.
  bool waits_in_vain(const ServerView& server) const;
};

Result<FleetView> read_fleet(std::string_view json);

/// Of a command to several servers: who did not take it.
struct Refusal {
  std::string server;
  std::string why;
};
std::vector<Refusal> read_refusals(std::string_view json);

/// A server's answer to a ping.
struct PongView {
  std::string server;
  std::string asked;  ///< the method: a server may have no ping
  double round_trip_ms{0};
  std::string protocol_version;
  std::string transport;
};
Result<PongView> read_pong(std::string_view json);

/// A client's session at the clients' door.
struct SessionView {
  std::string id;  ///< its beginning
  std::string path;
  std::string client_name;
  std::string client_version;
  std::string protocol_version;
  std::string token;  ///< its name
  std::string remote;
  Duration age{0};
  Duration idle{0};
  std::size_t in_flight{0};
  std::size_t streams{0};
};
struct ClientsView {
  std::string gateway;  ///< empty: there is no door
  std::vector<SessionView> sessions;
  // Of clients that have no sessions.
  std::size_t requests{0};
  std::size_t subscriptions{0};
};
Result<ClientsView> read_clients(std::string_view json);

/// One server-sent transition.
struct TransitionView {
  std::string time;
  std::string server;
  std::uint32_t incarnation{0};
  std::string from;
  std::string to;
  std::string why;
  std::optional<int> pid;
  std::string json;  ///< the whole object
};
Result<TransitionView> read_transition(std::string_view json);
Result<std::vector<TransitionView>> read_transitions(std::string_view json);

/// One line of a server's log.
struct LogLineView {
  std::string server;
  std::string time;
  std::int64_t unix_ms{0};
  std::string stream;
  std::string text;
  std::string json;  ///< the whole object
};
Result<LogLineView> read_log_line(std::string_view json);
Result<std::vector<LogLineView>> read_log_lines(std::string_view json);

}  // namespace mcpctl::cli
