// The shell's side of one server: carries out what its machine asks (spawn, probe,
// stop) with real processes, and reports what happens as events.  Decides nothing.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "mcp/message.h"
#include "runtime/channel.h"
#include "runtime/notify_socket.h"
#include "runtime/prober.h"
#include "runtime/process.h"
#include "runtime/server_log.h"
#include "runtime/tree_watch.h"
#include "spawn/cgroup.h"
#include "spawn/command.h"
#include "spawn/cookie.h"
#include "spawn/oom_watch.h"
#include "supervisor/events.h"

namespace mcpctl::runtime {

/// What all servers of one supervisor share.  Outlives every Instance.
struct FleetContext {
  loop::Loop& loop;
  TreeWatch& trees;
  LineFeed& lines;
  std::string fleet;
  spawn::SupervisorInstance self;
  spawn::OomWatch oom;
  std::optional<spawn::FleetCgroup> cgroup;  ///< empty: none is writable
  std::size_t pipe_capacity{0};              ///< of stdout pipes; 0: the kernel's default
  std::vector<std::string> secrets;          ///< that no note may show
  std::optional<config::ResourceLimit> descriptor_limit;  ///< see Options
  bool relays{false};                                     ///< see Options
  std::function<void(ServerId, supervisor::Event)> report;
  /// Of all servers so far: no two processes have the same cookie, whatever names change.
  std::uint32_t spawns{0};
};

class Instance {
 public:
  /// `marked_as`: whose the processes are, in their cookies, if not the server's own name.
  /// `client`: for which alone they run; nothing: for all.
  using Client = std::optional<mcp::Introduction>;
  Instance(ServerId id, config::Server server, FleetContext& context, Client client = {},
           std::string marked_as = {});
  /// Forgets the process; ending it is the machine's business.
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // The machine's actions.
  void perform(const supervisor::Spawn& action);
  void perform(const supervisor::ProveReadiness& action);
  void perform(const supervisor::WatchHealth& action);
  void perform(const supervisor::LeaveAlone& action);
  void perform(const supervisor::CloseStdin& action);
  void perform(const supervisor::SignalTree& action);
  void perform(const supervisor::KillTree& action);
  void perform(const supervisor::ArmDeadline& action);
  void perform(const supervisor::DisarmDeadline& action);

  /// The configuration of the next incarnation; what can change in place does so now.
  void reconfigure(config::Server server);
  /// Our own suspension: nobody is to blame for that time.
  void paused(Duration gap);

  /// `other` goes on under our name and with our log, and we with its.
  void exchange_names(Instance& other);

  const config::Server& config() const { return *config_; }
  Incarnation incarnation() const { return incarnation_; }
  /// With its port, as the current or last incarnation runs (or ran).
  const config::Server& running() const { return running_ ? *running_ : *config_; }
  ServerLog& log() { return *log_; }
  Channel& channel() { return channel_; }
  /// nullptr before the first spawn.
  spawn::Tree* tree() {
    complete_spawn();
    return process_ ? &process_->tree() : nullptr;
  }
  /// 0 without a process.
  pid_t pid() const { return process_ && !process_->has_exited() ? process_->pid() : 0; }
  const Prober* prober() const { return prober_ ? &*prober_ : nullptr; }
  void ping(Duration within, OnPong done) {
    if (prober_) prober_->ping(within, std::move(done));
  }
  const std::string& status_text() const { return status_text_; }
  const Client& client() const { return client_; }

 private:
  bool is_remote() const { return running().transport == config::Transport::remote; }
  bool speaks_on_stdio() const;
  bool is_current(Incarnation incarnation) const { return incarnation == incarnation_; }
  Result<std::optional<std::uint16_t>> choose_port();
  std::expected<spawn::ChildSpec, spawn::NoProgram> prepare(const spawn::Cookie& cookie);
  void spawn_process();
  void complete_spawn();
  void spawn_failed(const spawn::SpawnFailure& why);
  void make_prober();
  Process::Callbacks process_callbacks();
  Prober::Callbacks prober_callbacks();
  CheckTarget check_target() const;
  void exited(const supervisor::ExitStatus& status);
  void heard(Stream stream, std::string_view bytes);
  void notified(const health::Notification& notification);
  void limit_cgroup();
  Channel::Wires channel_wires();
  void report(supervisor::Event event);
  void note(const std::string& text);
  ServerLog::Callbacks log_callbacks();
  void rename(const std::string& name);
  spawn::Cookie cookie(std::string_view suffix = "") const;

  ServerId id_;
  FleetContext& around_;
  Client client_;
  std::string marked_as_;  ///< empty: as the configuration names it
  // Two views of one value until a reload or a port makes them differ: shared, as the
  // copies would be most of what a large fleet weighs.
  std::shared_ptr<config::Server> config_;   ///< of the next incarnation
  std::shared_ptr<config::Server> running_;  ///< of the current one; Prober borrows it
  std::unique_ptr<ServerLog> log_;
  loop::Timer deadline_;
  std::optional<supervisor::ArmDeadline> armed_;  ///< what deadline_ waits for
  ProtocolMemory protocol_;
  std::optional<std::uint16_t> port_;  ///< kept while it serves
  bool was_ready_{false};

  Incarnation incarnation_;
  std::uint32_t spawn_number_{0};  ///< of this incarnation, among all servers
  std::optional<spawn::Cgroup> cgroup_;
  std::optional<Process::Pending> pending_;  ///< until its exec
  std::unique_ptr<Process> process_;
  std::optional<NotifySocket> notify_;
  std::optional<Prober> prober_;
  bool feeds_watchdog_{false};  ///< was told WATCHDOG_USEC
  Subscription line_watch_;
  Instant last_progress_;
  std::string status_text_;
  // Shared with the callbacks that wait in the loop's inbox, so that they find out
  // when there is nobody left to call.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
  Channel channel_;  ///< the first to go: its listener may still look around
};

}  // namespace mcpctl::runtime
