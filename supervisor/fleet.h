// All servers of one supervisor and what binds them: dependencies, start slots,
// shutdown in reverse order inside one deadline.  Pure like Lifecycle, which it
// owns one of per server: calls in, actions out.
//
// Everything a call causes is settled before it returns: a server that becomes
// ready admits its dependents in the same step.  Nothing here waits or retries.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/rng.h"
#include "config/config.h"
#include "supervisor/lifecycle.h"

namespace mcpctl::supervisor {

/// What a server's machine asks of the shell.
struct ServerAction {
  ServerId server;
  Action action;
};
/// The server left the fleet; the shell may forget it.
struct ServerRemoved {
  ServerId server;
};
/// `successor` is ready and has taken `server`'s name and place; `server` has the name
/// that the successor had, ends its requests and leaves the fleet.
struct Succeeded {
  ServerId server;
  ServerId successor;
};
/// `server` goes on as it is; its successor leaves the fleet.
struct SuccessionFailed {
  ServerId server;
  ServerId successor;
  Why why;  ///< of the successor's state, unless `is_withdrawn`
  State state{State::stopped};
  bool is_withdrawn{false};  ///< something else was asked of `server` meanwhile
};
/// At `at`, call kill_all(): the fleet's deadline.
struct ArmFleetDeadline {
  Instant at;
};
/// After stop_all(): no process of any server is left, but for survivors of
/// SIGKILL, which stay `failed`.
struct FleetStopped {};

using FleetAction = std::variant<ServerAction, ServerRemoved, Succeeded, SuccessionFailed,
                                 ArmFleetDeadline, FleetStopped>;
using FleetActions = std::vector<FleetAction>;

class Fleet {
 public:
  struct Member {
    std::string name;
    std::vector<config::Dependency> depends_on;
    bool required{true};
    Lifecycle life;
  };

  /// `max_concurrent_starts` > 0 bounds the servers in `starting`.  `seed` feeds
  /// the jitter of all servers.
  Fleet(unsigned max_concurrent_starts, std::uint64_t seed);

  /// Adds a stopped server.  Names are unique; dependencies may come later.
  ServerId add(std::string name, Spec spec, std::vector<config::Dependency> depends_on,
               bool required = true);

  // Intents.  Unknown ids are ignored: the server was removed meanwhile.  One that is
  // being removed can only be stopped, killed, or reconfigured to stay.
  FleetActions enable(ServerId id, Instant now);
  /// Starts what it depends on, too.
  FleetActions start(ServerId id, Instant now, Motive motive = Motive::operator_request);
  FleetActions stop(ServerId id, Instant now);
  /// An operator's restart starts what it depends on, too, as far as that is down.
  FleetActions restart(ServerId id, Instant now, RestartRequested request = {});
  FleetActions reset(ServerId id, Instant now);
  FleetActions demand(ServerId id, Instant now);
  /// Stops it and forgets it once nothing of it is left.
  FleetActions remove(ServerId id, Instant now);
  /// New policy and dependencies; `restarts` says that the process must change too.
  /// A server that was being removed stays after all.
  FleetActions reconfigure(ServerId id, Spec spec, std::vector<config::Dependency> depends_on,
                           bool required, bool restarts, Instant now);
  /// Adds the process that is to take the place of `id`, which serves meanwhile; start()
  /// it next.  Once it is ready the two exchange their names, dependents follow the name,
  /// and `id` is stopped and forgotten.  If its first start fails, or `id` is given
  /// another order before, it is the successor that is stopped and forgotten.
  ServerId add_successor(ServerId id, std::string name, Spec spec,
                         std::vector<config::Dependency> depends_on, bool required);
  /// The other order, if there is none else to give.  Without a successor nothing happens.
  FleetActions withdraw_successor(ServerId id, Instant now);
  /// Whose place it is to take; nothing for any other server.
  std::optional<ServerId> predecessor_of(ServerId id) const;
  /// Who is to take its place, if anybody.
  std::optional<ServerId> successor_of(ServerId id) const;
  FleetActions set_max_concurrent_starts(unsigned count, Instant now);

  /// Ends everything, dependents before what they depend on, in `deadline`: what
  /// is alive then is killed.  A second call changes nothing.
  FleetActions stop_all(Duration deadline, Instant now);
  /// SIGKILL for everything alive, now.
  FleetActions kill_all(Instant now);

  /// What the shell saw of one server.
  FleetActions deliver(ServerId id, const Event& event, Instant now);

  const std::map<ServerId, Member>& members() const { return members_; }
  const Member* find(ServerId id) const;
  std::optional<ServerId> find(std::string_view name) const;
  bool is_stopping() const { return stopping_all_; }
  /// For a `waiting` server: "redis (starting)" or "a start slot"; else empty.
  std::string waits_for(ServerId id) const;
  /// Servers that would be left without `id` while they run, by name.
  std::vector<std::string> running_dependents(ServerId id) const;

 private:
  void feed(ServerId id, const Event& event);
  bool may_be_started(ServerId id) const;
  void settle();
  void admit_waiting();
  bool may_start(const Member& member);
  bool is_satisfied(const config::Dependency& dependency) const;
  void start_dependencies(ServerId id);
  void start_what_is_needed_by(ServerId id, std::set<ServerId>& visited);
  void stop_released();
  bool has_live_dependent(ServerId id) const;
  void forget_removed();
  void keep_needed_awake();
  void doubt_need_for(const std::vector<config::Dependency>& dependencies);
  void conclude_successions();
  void take_over(ServerId id, ServerId successor, bool required);
  void withdraw_succession(ServerId id);
  void dismiss(ServerId id, Motive motive);
  FleetActions finish();
  const std::vector<ServerId>& dependents_of(ServerId id) const;

  unsigned max_starts_;
  Rng seeds_;
  std::map<ServerId, Member> members_;
  std::map<std::string, ServerId, std::less<>> by_name_;
  mutable std::map<ServerId, std::vector<ServerId>> dependents_;
  mutable bool dependents_known_{false};
  std::uint32_t last_id_{0};

  std::vector<ServerId> queue_;  ///< `waiting`, in the order they came
  std::set<ServerId> held_;      ///< during stop_all: kept up for their dependents
  std::set<ServerId> released_;  ///< during stop_all: a dependent of theirs went
  std::set<ServerId> leaving_;   ///< to be removed
  struct Succession {
    ServerId successor;
    bool required;  ///< what it will be then
  };
  std::map<ServerId, Succession> successions_;  ///< under way, by who is to be replaced
  std::set<ServerId> doubted_;                  ///< something changed about who needs them
  unsigned starting_{0};
  unsigned alive_{0};  ///< members with a process, survivors excepted
  bool stopping_all_{false};
  bool stopped_told_{false};
  bool changed_{false};

  Instant now_;
  FleetActions actions_;
};

}  // namespace mcpctl::supervisor
