#include "runtime/running.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "config/suggest.h"
#include "runtime/cleanup.h"
#include "runtime/state_file.h"
#include "runtime/wall_clock.h"
#include "supervisor/spec.h"

namespace mcpctl::runtime {
namespace {

/// A gap between two turns that means that we ourselves were suspended.
constexpr Duration suspension{2'000};
/// How long a look for what nobody expects leaves the processors to the first servers.
constexpr Duration first_starts{250};
/// How long the end of the fleet waits for a slow disk to take the state file.
constexpr Duration farewell_patience{1'000};

unsigned start_slots(const config::Config& config) {
  if (config.max_concurrent_starts != 0) return config.max_concurrent_starts;
  return std::max(4u, 2 * std::thread::hardware_concurrency());
}

/// Larger pipes let a server get on with its work while we are busy, but the
/// kernel grants an ordinary user only 64 MiB of them in all (pipe(7)).
std::size_t pipe_capacity(const config::Config& config) {
  constexpr std::size_t few = 32;
  return config.servers.size() <= few ? 256u << 10 : 0;
}

std::uint64_t seed() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'007u ^
         static_cast<std::uint64_t>(now.tv_nsec) << 16 ^ static_cast<std::uint64_t>(::getpid());
}

/// What was a secret may still stand in the arguments and the output of servers that
/// run with it.
void keep_secret(const std::vector<std::string>& older, std::vector<std::string>& secrets) {
  secrets.insert(secrets.end(), older.begin(), older.end());
  std::ranges::sort(secrets, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  const auto repeated = std::ranges::unique(secrets);
  secrets.erase(repeated.begin(), repeated.end());
}

const config::Server* find_server(const config::Config& config, std::string_view name) {
  const auto found = std::ranges::find(config.servers, name, &config::Server::name);
  return found == config.servers.end() ? nullptr : &*found;
}

std::string why_unusable(const config::Config& config, std::string_view name) {
  const auto found = std::ranges::find(config.unusable, name, &config::Unusable::server);
  return found == config.unusable.end() ? "" : found->why;
}

}  // namespace

Supervisor::Running::Running(loop::Loop& loop, config::Config config, Options options)
    : loop_(loop),
      config_(std::move(config)),
      options_(std::move(options)),
      trees_(loop),
      around_{loop,
              trees_,
              lines_,
              config_.name,
              spawn::SupervisorInstance::current(),
              spawn::OomWatch{},
              std::nullopt,
              pipe_capacity(config_),
              config_.secrets,
              options_.descriptor_limit,
              options_.relays,
              [this](ServerId id, supervisor::Event event) { report(id, std::move(event)); }},
      fleet_(start_slots(config_), seed()),
      fleet_deadline_(loop),
      memory_timer_(loop),
      save_timer_(loop),
      calm_timer_(loop),
      farewell_(loop),
      clean_up_timer_(loop) {
  SavedState saved;
  if (auto loaded = load_state(state_path())) saved = std::move(*loaded);
  stopped_by_operator_ = std::move(saved.stopped);
  if (!saved.leaders.empty()) options_.predecessor_died = true;
  if (options_.predecessor_died) {
    tell_cleaned_up(clean_up_after_predecessor(config_.name, saved.leaders, around_.self,
                                               own_cgroups_.version_2().value_or("")));
  }
  if (options_.cgroups) {
    spawn::CgroupWishes wishes;
    if (options_.warden != 0) wishes.own_processes = {options_.warden, ::getpid()};
    if (auto made = spawn::FleetCgroup::create(config_.name, wishes, own_cgroups_))
      around_.cgroup.emplace(std::move(*made));
  }
  loop_.on_gap(suspension, [this, alive = std::weak_ptr{alive_}](Duration gap) {
    if (!alive.expired()) paused(gap);
  });
  add_all();
}

Supervisor::Running::~Running() { kill_survivors(); }

// ---- what a predecessor left ------------------------------------------------------

/// Nothing, most likely: one that died and left no trace here had another runtime directory.
void Supervisor::Running::clean_up_later() {
  clean_up_timer_.arm(loop_.now() + first_starts, [this] {
    cleaning_up_ = loop::run_on_threadpool(
        loop_,
        [fleet = config_.name, self = around_.self,
         cgroups = around_.cgroup ? around_.cgroup->where() : ""] {
          return clean_up_after_predecessor(fleet, {}, self, cgroups);
        },
        [this](const std::string& what) {
          cleaning_up_ = {};
          tell_cleaned_up(what);
        });
  });
}

void Supervisor::Running::tell_cleaned_up(const std::string& what) const {
  if (!what.empty() && options_.on_cleaned_up) options_.on_cleaned_up(what);
}

// ---- building -------------------------------------------------------------------

void Supervisor::Running::add_all() {
  for (const config::Server& server : config_.servers) add(server, "");
  for (const config::Unusable& unusable : config_.unusable) {
    config::Server server;
    server.name = unusable.server;
    add(std::move(server), unusable.why);
  }
}

ServerId Supervisor::Running::add(config::Server server, const std::string& unusable,
                                  Instance::Client client) {
  supervisor::Spec spec = supervisor::spec_of(server);
  spec.unusable = unusable;
  const ServerId id = fleet_.add(server.name, std::move(spec), server.depends_on, server.required);
  instances_.emplace(id,
                     std::make_unique<Instance>(id, std::move(server), around_, std::move(client)));
  return id;
}

void Supervisor::Running::start(const std::vector<std::string>& only) {
  watch_memory();
  watch_files();
  std::vector<ServerId> ids;
  for (const auto& [id, member] : fleet_.members()) ids.push_back(id);
  for (const ServerId id : ids) {
    const std::string& name = fleet_.find(id)->name;
    if (!only.empty()) {
      if (std::ranges::find(only, name) != only.end())
        run(fleet_.start(id, loop_.now(), supervisor::Motive::none));
      continue;
    }
    const bool stays_down =
        fleet_.find(id)->life.spec().restart == config::RestartPolicy::unless_stopped &&
        stopped_by_operator_.contains(name);
    if (!stays_down) run(fleet_.enable(id, loop_.now()));
  }
  // Only now: to find where it looks may take as long as a spawn.
  around_.oom = spawn::OomWatch::of(own_cgroups_);
  if (!options_.predecessor_died) clean_up_later();
}

// ---- commands -------------------------------------------------------------------

Result<ServerId> Supervisor::Running::identify(std::string_view server) const {
  if (const auto id = fleet_.find(server)) return *id;
  std::vector<std::string_view> names;
  for (const auto& [id, member] : fleet_.members()) names.push_back(member.name);
  return failure("no server named \"" + std::string{server} + "\"" +
                 config::did_you_mean_clause(server, names));
}

Result<void> Supervisor::Running::command(Command command, std::string_view server) {
  const auto id = identify(server);
  if (!id) return std::unexpected{id.error()};
  const Instant now = loop_.now();
  failed_successors_.erase(*id);
  switch (command) {
    case Command::start:
      stopped_by_operator_.erase(std::string{server});
      run(fleet_.start(*id, now));
      break;
    case Command::stop:
      stopped_by_operator_.insert(std::string{server});
      run(fleet_.stop(*id, now));
      break;
    case Command::restart:
      stopped_by_operator_.erase(std::string{server});
      run(fleet_.restart(*id, now));
      break;
    case Command::reset: run(fleet_.reset(*id, now)); break;
    case Command::kill: run(fleet_.deliver(*id, supervisor::KillRequested{}, now)); break;
  }
  command_replicas(command, server);
  state_changed();
  return {};
}

ReloadOutcome Supervisor::Running::reload(bool dry_run) {
  ReloadOutcome outcome;
  config::Reading reading = options_.load();
  outcome.problems = reading.problems;
  if (reading.has_errors()) {
    if (!dry_run) config_stale_ = true;
    return outcome;
  }
  outcome.plan = supervisor::reconcile(config_, reading.config);
  outcome.gateway = supervisor::reconcile(config_.gateway, reading.config.gateway);
  for (supervisor::Change& change : outcome.plan) {
    change.is_rolling = may_roll(change, find_server(reading.config, change.server));
  }
  if (dry_run || is_stopping()) return outcome;
  config_stale_ = false;
  outcome.applied = true;
  keep_secret(config_.secrets, reading.config.secrets);
  around_.secrets = reading.config.secrets;
  run(fleet_.set_max_concurrent_starts(start_slots(reading.config), loop_.now()));
  apply(outcome.plan, reading.config);
  reading.config.name = config_.name;  // sockets and cookies carry it: it stays
  reading.config.gateway =
      supervisor::until_next_start(config_.gateway, std::move(reading.config.gateway));
  config_ = std::move(reading.config);
  watch_memory();
  watch_files();
  if (!outcome.gateway.empty()) gateway_changes_.publish({outcome.gateway, config_.gateway});
  return outcome;
}

void Supervisor::Running::apply(const supervisor::Plan& plan, const config::Config& wanted) {
  using Kind = supervisor::Change::Kind;
  for (const supervisor::Change& change : plan) {
    const auto known = fleet_.find(change.server);
    if (change.kind == Kind::remove) {
      if (known) run(fleet_.remove(*known, loop_.now()));
      remove_replicas(change.server);
      continue;
    }
    config::Server server;
    server.name = change.server;
    if (const config::Server* found = find_server(wanted, change.server)) server = *found;
    const std::string unusable = why_unusable(wanted, change.server);
    if (!known) {
      const ServerId id = add(std::move(server), unusable);
      additions_.publish(change.server);
      run(fleet_.enable(id, loop_.now()));
      continue;
    }
    // `add` for a known one: it was being removed and is wanted again.
    const bool restarts = change.kind != Kind::update;
    reconfigure_replicas(server, restarts, change.is_rolling);
    reconfigure(*known, std::move(server), unusable, restarts, change.is_rolling);
  }
}

/// `rolls`: if it restarts and serves.  Its process goes on under the new settings then,
/// as far as one can, and whatever becomes of its successor, the next one has them all.
void Supervisor::Running::reconfigure(ServerId id, config::Server server,
                                      const std::string& unusable, bool restarts, bool rolls) {
  // A successor that is on its way would come with the old settings.
  const bool replaced = restarts ? rolls && serves(id) : fleet_.successor_of(id).has_value();
  std::optional<config::Server> wanted;
  if (replaced) wanted = server;
  supervisor::Spec spec = supervisor::spec_of(server);
  spec.unusable = unusable;
  auto dependencies = server.depends_on;
  const bool required = server.required;
  instances_.at(id)->reconfigure(std::move(server));
  run(fleet_.reconfigure(id, std::move(spec), std::move(dependencies), required,
                         restarts && !replaced, loop_.now()));
  if (wanted) replace(id, std::move(*wanted), supervisor::Motive::config_change);
}

void Supervisor::Running::stop_all() {
  const Duration timeout = config_.shutdown_timeout.value_or(options_.shutdown_timeout);
  run(fleet_.stop_all(timeout, loop_.now()));
}

void Supervisor::Running::kill_all() { run(fleet_.kill_all(loop_.now())); }

Instance* Supervisor::Running::find(std::string_view server) {
  const auto id = fleet_.find(server);
  return id ? instances_.at(*id).get() : nullptr;
}

void Supervisor::Running::reopen_logs() {
  for (auto& [id, instance] : instances_) instance->log().reopen();
}

/// Only what is wanted is restarted, but that at once: also out of a backoff, or after
/// it had failed or completed.
void Supervisor::Running::watch_files() {
  if (!options_.watch_files || is_stopping()) return;
  if (!sources_) {
    SourceWatch::Callbacks callbacks;
    callbacks.on_change = [this](std::string_view server, const std::string& files) {
      const auto id = fleet_.find(server);
      if (!id) return;
      std::vector<ServerId> processes = replicas_of(server);
      processes.insert(processes.begin(), *id);
      for (const ServerId each : processes) {
        run(fleet_.restart(each, loop_.now(), {supervisor::Motive::files_changed, files}));
      }
    };
    callbacks.on_note = [this](std::string_view server, const std::string& note) {
      if (Instance* instance = find(server)) instance->log().note(note);
    };
    sources_.emplace(loop_, std::move(callbacks));
  }
  sources_->follow(config_);
}

// ---- core <-> shell ----------------------------------------------------------------

/// Events come from anywhere inside the loop; the core takes them one at a time.
void Supervisor::Running::report(ServerId id, supervisor::Event event) {
  loop_.post([this, alive = std::weak_ptr{alive_}, id, event = std::move(event)] {
    if (!alive.expired()) run(fleet_.deliver(id, event, loop_.now()));
  });
}

void Supervisor::Running::run(const supervisor::FleetActions& actions) {
  for (const supervisor::FleetAction& action : actions) {
    if (const auto* server = std::get_if<supervisor::ServerAction>(&action)) {
      run(server->server, server->action);
    } else if (const auto* removed = std::get_if<supervisor::ServerRemoved>(&action)) {
      instances_.erase(removed->server);
      replicas_.erase(removed->server);
      failed_successors_.erase(removed->server);
    } else if (const auto* change = std::get_if<supervisor::Succeeded>(&action)) {
      succeeded(*change);
    } else if (const auto* failure = std::get_if<supervisor::SuccessionFailed>(&action)) {
      succession_failed(*failure);
    } else if (const auto* deadline = std::get_if<supervisor::ArmFleetDeadline>(&action)) {
      fleet_deadline_.arm(deadline->at, [this] { kill_all(); });
    } else if (std::holds_alternative<supervisor::FleetStopped>(action)) {
      fleet_stopped();
    }
  }
}

void Supervisor::Running::run(ServerId id, const supervisor::Action& action) {
  if (const auto* announcement = std::get_if<supervisor::Announce>(&action)) {
    return announce(id, *announcement);
  }
  Instance& instance = *instances_.at(id);
  std::visit(
      [&instance](const auto& known) {
        if constexpr (requires { instance.perform(known); }) instance.perform(known);
      },
      action);
}

void Supervisor::Running::announce(ServerId id, const supervisor::Announce& announcement) {
  Instance& instance = *instances_.at(id);
  Transitioned transition;
  transition.sequence = ++sequence_;
  transition.unix_ms = wall_clock_ms();
  transition.server = instance.config().name;
  transition.incarnation = instance.incarnation().value;
  transition.from = announcement.from;
  transition.to = announcement.to;
  transition.why = announcement.why;
  transition.why_text =
      config::redact(supervisor::describe(announcement.why, announcement.to), config_.secrets);
  transition.pid = instance.pid();
  std::string note{name(announcement.to)};
  note += " (" + transition.why_text + ")";
  instance.log().note(note, Stream::state);
  instance.channel().entered(announcement.to, transition.why_text);
  feed_.publish(transition);
  const bool process_changes = announcement.to == supervisor::State::starting ||
                               announcement.from == supervisor::State::stopping;
  if (process_changes) state_changed();
}

void Supervisor::Running::paused(Duration gap) {
  for (auto& [id, instance] : instances_) instance->paused(gap);
}

void Supervisor::Running::fleet_stopped() {
  fleet_deadline_.disarm();
  memory_timer_.disarm();
  calm_timer_.disarm();
  clean_up_timer_.disarm();
  farewell_.arm(farewell_patience, [this] { tell_stopped(); });
  save_timer_.disarm();
  save_state();
}

/// Once the state file is written, or has taken too long.
void Supervisor::Running::tell_stopped() {
  farewell_.disarm();
  if (std::exchange(stopped_told_, true)) return;
  loop_.post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired() && options_.on_stopped) options_.on_stopped();
  });
}

/// Only what an orderly stop did not reach.
void Supervisor::Running::kill_survivors() {
  std::vector<spawn::Tree*> trees;
  for (auto& [id, instance] : instances_) {
    if (instance->tree() != nullptr) trees.push_back(instance->tree());
  }
  trees_.end_now(std::move(trees), Duration{2'000});
}

}  // namespace mcpctl::runtime
