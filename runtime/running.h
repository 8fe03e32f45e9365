// The inside of runtime::Supervisor: the core, the instances, and the thin
// translation between them.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "runtime/instance.h"
#include "runtime/source_watch.h"
#include "runtime/supervisor.h"
#include "runtime/tree_watch.h"
#include "supervisor/fleet.h"

namespace mcpctl::runtime {

class Supervisor::Running {
 public:
  Running(loop::Loop& loop, config::Config config, Options options);
  ~Running();

  void start(const std::vector<std::string>& only);
  Result<void> command(Command command, std::string_view server);
  Result<void> restart_rolling(std::string_view server);
  ReloadOutcome reload(bool dry_run);
  void stop_all();
  void kill_all();
  FleetStatus status(bool with_usage);
  std::vector<std::string> with_process() const;
  Result<ServerStatus> status_of(std::string_view server, bool with_usage);
  std::vector<std::string> last_words(const ServerLog& log) const;
  Instance* find(std::string_view server);
  Channel* open_replica(std::string_view server, mcp::Introduction client);
  void close_replica(std::string_view replica);
  void reopen_logs();

  bool is_stopping() const { return fleet_.is_stopping(); }
  const config::Config& config() const { return config_; }
  Feed& feed() { return feed_; }
  Topic<std::string>& additions() { return additions_; }
  Topic<GatewayChanged>& gateway_changes() { return gateway_changes_; }
  Traffic& traffic() { return traffic_; }
  void announce_gateway(std::string url) { gateway_ = std::move(url); }
  LineFeed& lines() { return lines_; }

 private:
  ServerId add(config::Server server, const std::string& unusable, Instance::Client client = {});
  void add_all();
  void clean_up_later();
  void tell_cleaned_up(const std::string& what) const;
  Result<ServerId> identify(std::string_view server) const;
  void apply(const supervisor::Plan& plan, const config::Config& wanted);
  void reconfigure(ServerId id, config::Server server, const std::string& unusable, bool restarts,
                   bool rolls);
  void run(const supervisor::FleetActions& actions);
  void run(ServerId id, const supervisor::Action& action);
  void announce(ServerId id, const supervisor::Announce& announcement);
  void report(ServerId id, supervisor::Event event);
  void paused(Duration gap);
  void fleet_stopped();
  void tell_stopped();
  void kill_survivors();

  std::vector<ServerId> replicas_of(std::string_view server) const;
  void command_replica(Command command, ServerId id);
  void command_replicas(Command command, std::string_view server);
  void remove_replicas(std::string_view server);
  void reconfigure_replicas(const config::Server& server, bool restarts, bool rolls);

  bool serves(ServerId id) const;
  bool may_roll(const supervisor::Change& change, const config::Server* wanted) const;
  std::string free_replica_name(std::string_view server) const;
  void replace(ServerId id, config::Server wanted, supervisor::Motive motive);
  void succeeded(const supervisor::Succeeded& change);
  void succession_failed(const supervisor::SuccessionFailed& failure);
  std::optional<SuccessorStatus> describe_successor(ServerId id);

  std::vector<ServerId> in_order() const;
  ServerStatus describe(ServerId id);
  void add_usage(std::vector<ServerStatus*> servers, std::vector<ServerId> ids);

  void watch_files();
  void watch_memory();
  void check_memory();
  void give_back_memory();
  bool limits_memory() const;

  void state_changed();
  void save_state();
  std::string state_path() const;

  loop::Loop& loop_;
  config::Config config_;
  Options options_;
  LineFeed lines_;
  Feed feed_;
  Topic<std::string> additions_;
  Topic<GatewayChanged> gateway_changes_;
  Traffic traffic_;
  std::string gateway_;
  TreeWatch trees_;
  /// As it was before any of us moved into a group below.
  spawn::OwnCgroups own_cgroups_{spawn::OwnCgroups::now()};
  FleetContext around_;
  supervisor::Fleet fleet_;
  std::map<ServerId, std::unique_ptr<Instance>> instances_;
  std::map<ServerId, std::string> replicas_;  ///< and whose they are
  /// The last attempts to replace a process, where they failed.
  std::map<ServerId, SuccessorStatus> failed_successors_;
  std::set<std::string> stopped_by_operator_;
  std::uint64_t sequence_{0};
  bool config_stale_{false};

  std::optional<SourceWatch> sources_;
  loop::Timer fleet_deadline_;
  loop::Timer memory_timer_;
  loop::Timer save_timer_;
  Instant unsaved_since_{};
  loop::Timer calm_timer_;
  loop::Timer farewell_;  ///< armed from the fleet's stop until on_stopped
  bool stopped_told_{false};
  loop::Work saving_;
  loop::Timer clean_up_timer_;
  loop::Work cleaning_up_;
  bool save_again_{false};
  bool code_is_given_back_{false};  ///< once is enough: what runs later is needed
  // Shared with the callbacks that wait in the loop's inbox, so that they find out
  // when there is nobody left to call.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::runtime
