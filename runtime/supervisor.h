// The living fleet: the pure core (supervisor::Fleet) and the processes, probes
// and logs that it decides about.  Turns what the loop sees into events for the
// core and performs the actions it returns; decides nothing itself.
//
// One per process, on the loop thread.  Events that arise inside a callback are
// posted to the loop, so the core is never re-entered.
#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/problem.h"
#include "config/reader.h"
#include "loop/loop.h"
#include "runtime/channel.h"
#include "runtime/feed.h"
#include "runtime/pings.h"
#include "runtime/server_log.h"
#include "runtime/status.h"
#include "runtime/traffic.h"
#include "supervisor/reconcile.h"

namespace mcpctl::runtime {

enum class Command { start, stop, restart, reset, kill };

struct Options {
  std::string state_dir;  ///< for the state file; must exist, mode 0700; empty: none
  /// A supervisor of this fleet may have died without an orderly end: what it left is
  /// cleaned up before anything starts.  Else the look for that, which reads all of
  /// /proc, is taken when the first servers have had a moment to start.
  bool predecessor_died{true};
  /// What the clean-up did, in one sentence; not called if there was nothing to do.
  std::function<void(const std::string&)> on_cleaned_up;
  bool cgroups{true};       ///< use a control group per server where one is writable
  bool watch_files{false};  ///< restart a server when its files change (source_watch.h)
  /// The process that watches over us; then both may be moved into a control group of
  /// their own, so that servers can have limits.  0: nobody is moved.
  pid_t warden{0};
  Duration shutdown_timeout;  ///< when the configuration sets none
  /// What servers get that configure none: the limit that we had before we raised
  /// it for ourselves.
  std::optional<config::ResourceLimit> descriptor_limit;
  /// Clients are relayed to the servers: channels open, and servers are told what
  /// clients may be able to do.
  bool relays{false};
  /// Reads the configuration anew, for reload().
  std::function<config::Reading()> load;
  /// After stop_all(): nothing is left running.  Called once, from the loop.
  std::function<void()> on_stopped;
};

/// New settings of the door for clients, as far as they hold before the next start.
struct GatewayChanged {
  supervisor::DoorChange change;
  config::Gateway settings;
};

struct ReloadOutcome {
  supervisor::Plan plan;                  ///< what was (or would be) done
  supervisor::DoorChange gateway;         ///< to the door for clients
  std::vector<config::Problem> problems;  ///< errors among them: nothing was done
  bool applied{false};
};

class Supervisor {
 public:
  /// Ready to start() the servers of `config`; cleans up what a dead supervisor of the
  /// same fleet left behind, now or soon after start() (Options::predecessor_died).
  Supervisor(loop::Loop& loop, config::Config config, Options options);
  /// Every server must be gone (on_stopped), or is killed here, blocking at most 2 s.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Enables every server that is wanted; with `only`, these and what they need.
  void start(const std::vector<std::string>& only = {});

  /// Applies to one server.  An unknown name is an error with a suggestion.  The
  /// outcome is seen in status() and feed(); nothing here waits.
  Result<void> command(Command command, std::string_view server);

  /// Restarts it without a gap: a second process starts beside the first, takes over its
  /// name and its clients when it is ready, and then the first ends what it is at and is
  /// stopped.  If the second does not become ready, the first stays (status().successor
  /// says why).  What does not serve is restarted as by command().  An error for a server
  /// of which there cannot be two.
  Result<void> restart_rolling(std::string_view server);

  /// Asks a server that is ready or degraded whether it answers (see Pings).  `done` is
  /// called from the loop, never from inside; not at all when nothing comes within
  /// `within`, or the process goes.
  void ping(std::string_view server, Duration within, OnPong done);

  /// Reads the configuration anew and applies what changed; a bad one changes
  /// nothing.  A server that has to restart does so as by restart_rolling(), if there can
  /// be two of it.  `dry_run` only tells the plan.
  ReloadOutcome reload(bool dry_run);

  /// Orderly end inside the shutdown timeout; on_stopped follows.
  void stop_all();
  /// SIGKILL for everything, now.
  void kill_all();
  /// The same without the loop: again until nothing is left, blocking at most 2 s.
  /// Only an exit may follow.
  void end_now();
  bool is_stopping() const;

  /// `with_usage` reads memory and CPU of every tree (one pass over /proc).
  FleetStatus status(bool with_usage);
  /// The names of the servers that have a process, in the order of status().
  std::vector<std::string> with_process() const;
  Result<ServerStatus> status_of(std::string_view server, bool with_usage);
  /// ServerStatus::stderr_tail by itself; empty for an unknown server.
  std::vector<std::string> last_words(std::string_view server);
  const config::Config& config() const;

  /// Transitions as they happen.
  Feed& feed();
  /// nullptr for an unknown server.  Valid until the server is removed.
  ServerLog* log(std::string_view server);
  /// nullptr for an unknown server.  Valid until ChannelListener::on_removed.
  Channel* channel(std::string_view server);
  /// One more process of a server, for one client session: a member of the fleet of its
  /// own, NAME~NUMBER, configured as the server is and started by its first request.
  /// Follows the server's commands and reloads.  `client` is whom the server is told of in
  /// the legacy handshake over stdio, each object on one line.  nullptr: there is no such
  /// server, or the fleet stops.
  Channel* open_replica(std::string_view server, mcp::Introduction client);
  /// Stops it and forgets it, soon; nobody listens to its channel any more.
  void close_replica(std::string_view replica);
  /// What clients ask of the servers: counted by who relays.
  Traffic& traffic();
  /// Where clients reach the fleet, for status(); empty: nowhere.
  void announce_gateway(std::string url);
  /// Names of servers that join the fleet after the start.
  Topic<std::string>& additions();
  /// After each reload that changes the door for clients.
  Topic<GatewayChanged>& gateway_changes();
  /// Lines of all servers as they come (the foreground's view).
  LineFeed& lines();
  /// Closes and opens every log file (after an external rotation).
  void reopen_logs();

 private:
  class Running;
  std::unique_ptr<Running> running_;
};

}  // namespace mcpctl::runtime
