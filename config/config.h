// What the user asked for: the fleet as values, read once from the mcp.json files
// that every MCP host already has (docs/config.md describes every key).  Pure data;
// config/reader.h makes it, everybody else only reads it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace mcpctl::config {

/// mcp: speaks the Model Context Protocol.  process: a companion that does not
/// (a database, a browser); it is supervised all the same.
enum class Kind { mcp, process };

/// stdio: spawned, JSON-RPC over its stdin and stdout.  http: spawned, Streamable
/// HTTP at `url`.  remote: not ours to spawn, only probed and proxied.
enum class Transport { stdio, http, remote };

/// eager: started with the fleet.  lazy: started by its first request.
enum class Startup { eager, lazy };

/// shared: one process for all clients.  session: one for each client session.
enum class Sharing { shared, session };

enum class RestartPolicy { always, on_failure, never, unless_stopped };

/// How far a dependency must have come before its dependent starts.
enum class Need { started, ready, completed };

struct Dependency {
  std::string server;
  Need need{Need::ready};
  friend bool operator==(const Dependency&, const Dependency&) = default;
};

/// Delay before restart n of a streak: initial × 2^(n-1), at most max, ± 20 %.
struct Backoff {
  Duration initial{500};
  Duration max{30'000};
  /// Time in `ready` that forgives the streak.  Unset: max(60 s, 2 × max), so
  /// that a mere handshake never resets it.
  std::optional<Duration> stable;
  friend bool operator==(const Backoff&, const Backoff&) = default;
};

/// `failures` failed runs within `window` end the fast retries; `retry` later
/// comes one slow one (0: none).  8, not 10 as first planned: with the default
/// backoff the tenth failure falls 121 s after the first, outside the window,
/// and the rule would never hold.
struct CrashLoop {
  unsigned failures{8};
  Duration window{120'000};
  Duration retry{300'000};
  friend bool operator==(const CrashLoop&, const CrashLoop&) = default;
};

/// The stop ladder (MCP 2025-11-25, lifecycle, shutdown): close stdin, wait
/// `eof`; `signal` (+ SIGCONT) to the whole tree, wait `term`; SIGKILL.
struct StopLadder {
  Duration drain{5'000};  ///< for requests in flight, before the ladder
  Duration eof{2'000};
  Duration term{5'000};
  int signal{15};
  friend bool operator==(const StopLadder&, const StopLadder&) = default;
};

struct Readiness {
  /// automatic: an MCP round trip for `mcp` servers, alive for processes.
  enum class Method { automatic, tcp, http_get, exec, log_line, notify, alive };
  Method method{Method::automatic};
  std::uint16_t port{0};             ///< tcp, http_get; 0: the server's own port
  std::string path{"/"};             ///< http_get: answers 200–399
  std::vector<std::string> command;  ///< exec: exits 0
  std::string pattern;               ///< log_line: ECMAScript expression, searched in each line
  int notify_fd{0};                  ///< notify: newline on this descriptor; 0: sd_notify only
  Duration after{0};                 ///< alive: has lived this long
  Duration timeout{60'000};          ///< start timeout, while nothing is heard on stderr
  Duration timeout_max{300'000};     ///< start timeout, while stderr shows progress
  friend bool operator==(const Readiness&, const Readiness&) = default;
};

struct Liveness {
  /// automatic: ping on legacy servers, server/discover on modern ones, confirmed
  /// by tools/list.  notify: sd_notify WATCHDOG=1 within every interval.
  enum class Method { automatic, ping, discover, tools_list, tcp, http_get, exec, notify, none };
  Method method{Method::automatic};
  std::uint16_t port{0};
  std::string path{"/"};
  std::vector<std::string> command;
  Duration interval{15'000};
  Duration timeout{5'000};
  unsigned failures{3};  ///< in a row: degraded; as many again: restart
  friend bool operator==(const Liveness&, const Liveness&) = default;
};

/// One resource limit for setrlimit(2).
struct ResourceLimit {
  int resource{0};   ///< RLIMIT_…
  std::string name;  ///< as configured: "nofile"
  std::uint64_t soft{0};
  std::uint64_t hard{0};
  friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

enum class LogFormat { text, json, raw };

struct Logs {
  std::string dir;  ///< empty: memory only
  LogFormat format{LogFormat::text};
  std::uint64_t max_size{10u << 20};  ///< bytes, then the file is rotated
  unsigned keep{5};                   ///< rotated files kept
  std::uint64_t ring{256u << 10};     ///< bytes kept in memory
  friend bool operator==(const Logs&, const Logs&) = default;
};

/// Numeric identity of a child; names were resolved when the file was read.
struct Identity {
  std::uint32_t uid{0};
  std::uint32_t gid{0};
  std::vector<std::uint32_t> groups;
  std::string name;  ///< as configured
  std::string home;
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// Which variables of our own environment a child sees besides the allow-list.
struct InheritEnv {
  bool all{false};
  std::vector<std::string> names;
  friend bool operator==(const InheritEnv&, const InheritEnv&) = default;
};

/// Where a value stands in the user's files; lines and columns count from 1,
/// columns in bytes.
struct Location {
  std::string file;
  std::size_t line{0};
  std::size_t column{0};
};

using Variables = std::vector<std::pair<std::string, std::string>>;

/// One entry of "mcpServers".  Strings are expanded, but for "${PORT}", which
/// is known only when the server is spawned (see with_port()).
struct Server {
  std::string name;
  Location where;

  Kind kind{Kind::mcp};
  Transport transport{Transport::stdio};
  std::string command;  ///< empty for remote
  std::vector<std::string> args;
  std::string cwd;  ///< absolute; the folder of the file that named it by default
  Variables env;    ///< configured ones only, envFile merged in; sorted by name
  std::string url;
  Variables headers;
  std::optional<std::uint16_t> port;  ///< 0: a free one

  Startup startup{Startup::eager};
  Duration idle_stop{600'000};  ///< lazy only; 0: never
  std::vector<Dependency> depends_on;
  bool required{true};  ///< counts for the fleet's readiness

  RestartPolicy restart{RestartPolicy::always};
  Backoff backoff;
  CrashLoop crash_loop;
  std::vector<int> success_exit_codes{0};
  std::vector<int> no_restart_exit_codes{78, 125, 126, 127};
  Readiness readiness;
  Liveness liveness;
  StopLadder stop;

  std::optional<Identity> user;
  std::optional<std::uint32_t> umask;
  std::vector<ResourceLimit> rlimits;
  std::optional<int> oom_score_adj;
  std::uint64_t memory{0};  ///< bytes of the whole tree; 0: no limit
  std::uint64_t pids{0};    ///< processes of the whole tree; 0: no limit
  InheritEnv inherit_env;

  // What clients may ask of it, through the gateway.
  Sharing sharing{Sharing::shared};
  unsigned max_sessions{20};            ///< processes, with Sharing::session
  unsigned max_concurrent_requests{0};  ///< 0: no limit
  unsigned queue_size{100};             ///< requests that wait for it
  Duration queue_timeout{30'000};
  Duration request_timeout{60'000};         ///< restarted by progress
  Duration request_timeout_max{1'800'000};  ///< whatever the progress
  std::vector<std::string> enabled_tools;   ///< globs; empty: all
  std::vector<std::string> disabled_tools;  ///< globs; stronger than enabled_tools
  bool repeat_calls{false};  ///< after a crash, calls of tools that declare it harmless

  Logs logs;
  /// What restarts it under `run --watch`: paths and globs, seen from cwd; "!" in front
  /// excepts.  Unset: see runtime/watched_files.h.
  std::optional<std::vector<std::string>> watch;
};

/// Who may come through the gateway, and how far.  The token itself is not kept.
struct Token {
  std::string name;                       ///< for logs
  std::array<std::uint8_t, 32> digest{};  ///< SHA-256
  std::vector<std::string> scopes;        ///< globs over "server.tool"; empty: everything
  friend bool operator==(const Token&, const Token&) = default;
};

/// The door for MCP clients.
struct Gateway {
  std::string listen{"127.0.0.1:7420"};  ///< HOST:PORT; empty: no gateway
  std::vector<Token> tokens;
  std::vector<std::string> allowed_hosts;    ///< Host values besides the loopback names
  std::vector<std::string> allowed_origins;  ///< Origin values besides loopback pages
  std::uint64_t max_body{10u << 20};         ///< bytes of a request
  unsigned max_sessions{10'000};
  Duration session_idle{1'800'000};
  unsigned max_in_flight{100};       ///< requests of one session, or modern token or address
  unsigned connections_per_peer{0};  ///< 0: no limit
  unsigned requests_per_second{0};   ///< of one peer; 0: no limit
  Duration keep_alive{25'000};       ///< silence on a stream, then a comment; 0: never
  bool access_log{false};            ///< a line for each request
  friend bool operator==(const Gateway&, const Gateway&) = default;

  /// Other machines reach it: whoever comes needs a token.
  bool is_beyond_loopback() const;
};

/// A server that cannot run as configured although the rest of the fleet can:
/// an unset variable, say.  It is shown as `failed` with this reason.
struct Unusable {
  std::string server;
  std::string why;  ///< names the variable, never a value
  Location where;
};

struct Config {
  std::string name;                ///< of the fleet; from x-mcpctl.name or the file's path
  std::vector<std::string> files;  ///< absolute paths, in the order they were merged
  std::vector<Server> servers;     ///< in file order; disabled ones left out
  std::vector<std::string> disabled;
  std::vector<Unusable> unusable;
  unsigned max_concurrent_starts{0};         ///< 0: 2 × cores, at least 4
  std::optional<Duration> shutdown_timeout;  ///< unset: 8 s as PID 1, else 10 s
  Gateway gateway;
  /// Values that no output may show, longest first (see redact()).
  std::vector<std::string> secrets;
};

/// `server` with every "${PORT}" in command, args, env, cwd, url, headers and the
/// commands of its probes replaced.
Server with_port(Server server, std::uint16_t port);

/// Whether any secret stands in `text`.  Fast: most text holds none.
bool mentions(std::string_view text, const std::vector<std::string>& secrets);
/// `text` with every occurrence of a secret replaced by "[redacted]".
std::string redact(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace mcpctl::config
