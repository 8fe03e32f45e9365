// The part of Supervisor::Running that remembers and measures.
#include <malloc.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/running.h"
#include "runtime/state_file.h"
#include "signals/code_pages.h"
#include "spawn/usage.h"

namespace mcpctl::runtime {
namespace {

/// Changes within this time are saved together.
constexpr Duration save_delay{250};
constexpr Duration longest_save_delay{1'000};
/// When nothing was saved for so long, the fleet has settled.
constexpr Duration calm{500};
constexpr Duration memory_interval{15'000};
constexpr std::size_t tail_lines = 10;

std::string command_line(const config::Server& server) {
  std::string line = server.command;
  for (const std::string& argument : server.args) line += " " + argument;
  return line;
}

}  // namespace

// ---- status -----------------------------------------------------------------------

bool is_ready(const FleetStatus& status) {
  using supervisor::State;
  return std::ranges::all_of(status.servers, [](const ServerStatus& server) {
    return !server.required || server.state == State::ready || server.state == State::completed ||
           server.state == State::idle;
  });
}

FleetStatus Supervisor::Running::status(bool with_usage) {
  FleetStatus status;
  status.fleet = config_.name;
  status.config_files = config_.files;
  status.config_stale = config_stale_;
  status.stopping = is_stopping();
  status.gateway = gateway_;
  std::vector<ServerId> ids = in_order();
  for (const ServerId id : ids) status.servers.push_back(describe(id));
  if (with_usage) {
    std::vector<ServerStatus*> servers;
    for (ServerStatus& server : status.servers) servers.push_back(&server);
    add_usage(std::move(servers), std::move(ids));
  }
  return status;
}

/// As configured, whichever processes they have by now; then what runs beside them.
std::vector<ServerId> Supervisor::Running::in_order() const {
  std::unordered_map<std::string_view, std::size_t> places;
  for (const config::Server& server : config_.servers) places.emplace(server.name, places.size());
  std::vector<std::pair<std::size_t, ServerId>> placed;
  for (const auto& [id, member] : fleet_.members()) {
    const auto place = places.find(member.name);
    placed.emplace_back(place == places.end() ? places.size() : place->second, id);
  }
  std::ranges::sort(placed);
  std::vector<ServerId> ids;
  for (const auto& [place, id] : placed) ids.push_back(id);
  return ids;
}

std::vector<std::string> Supervisor::Running::with_process() const {
  std::vector<std::string> names;
  for (const ServerId id : in_order()) {
    if (instances_.at(id)->pid() != 0) names.push_back(fleet_.find(id)->name);
  }
  return names;
}

Result<ServerStatus> Supervisor::Running::status_of(std::string_view server, bool with_usage) {
  const auto id = identify(server);
  if (!id) return std::unexpected{id.error()};
  ServerStatus status = describe(*id);
  if (with_usage) add_usage({&status}, {*id});
  return status;
}

ServerStatus Supervisor::Running::describe(ServerId id) {
  const supervisor::Fleet::Member& member = *fleet_.find(id);
  const supervisor::Lifecycle& life = member.life;
  Instance& instance = *instances_.at(id);
  const config::Server& server = instance.running();
  const Instant now = loop_.now();

  ServerStatus status;
  status.name = member.name;
  status.state = life.state();
  status.goal = life.goal();
  status.why = life.why();
  status.why_text = config::redact(supervisor::describe(life.why(), life.state()), config_.secrets);
  status.waits_for = fleet_.waits_for(id);
  status.in_state = now - life.since();
  status.required = member.required;
  status.kind = server.kind;
  status.transport = server.transport;
  status.startup = server.startup;
  status.command_line = config::redact(command_line(server), config_.secrets);
  status.url = config::redact(server.url, config_.secrets);
  status.port = server.port.value_or(0);
  if (instance.pid() != 0) {
    status.pid = instance.pid();
    status.uptime = now - life.spawned_at();
  }
  status.incarnation = life.incarnation().value;
  status.restarts = life.restarts();
  const bool starts_later =
      (status.state == supervisor::State::backoff || status.state == supervisor::State::failed) &&
      life.deadline();
  if (starts_later) status.next_start = std::max(Duration{0}, *life.deadline() - now);
  status.last_exit = life.last_exit();
  status.successor = describe_successor(id);
  const bool survivors = status.state == supervisor::State::failed && life.has_process();
  if (survivors && instance.tree() != nullptr) {
    status.survivors = instance.tree()->survivors(trees_.table());
  }
  if (const Prober* prober = instance.prober()) {
    if (status.state == supervisor::State::starting && !prober->last_failure().empty()) {
      status.why_text += "; " + config::redact(prober->last_failure(), config_.secrets);
    }
    if (const mcp::Client* client = prober->client()) {
      const mcp::Identity& identity = client->identity();
      if (client->is_ready()) status.era = mcp::name(identity.era);
      status.protocol_version = identity.protocol_version;
      status.server_name = identity.name;
      status.server_version = identity.version;
      status.capabilities = identity.capabilities;
      for (const mcp::Tool& tool : client->tools()) status.tools.push_back(tool.name);
      status.ping_unanswered = client->ping_unanswered();
      status.garbage_lines = client->noise() + prober->overlong_lines();
    }
  }
  if (const auto traffic = traffic_.find(server.name); traffic != traffic_.end()) {
    status.clients = traffic->second.clients;
    status.calls = traffic->second.tools.total();
    status.in_flight = traffic->second.in_flight;
    status.waiting = traffic->second.waiting;
  }
  status.status_text = instance.status_text();
  const ServerLog& log = instance.log();
  status.log_bytes = log.bytes_seen();
  status.log_lines = log.lines_seen();
  status.log_dropped = log.lines_dropped();
  status.stderr_tail = last_words(log);
  return status;
}

/// Of what the server itself wrote; redacted.
std::vector<std::string> Supervisor::Running::last_words(const ServerLog& log) const {
  std::vector<std::string> words;
  for (const Line& line : log.tail(4 * tail_lines)) {
    if (is_own_output(line.stream)) words.push_back(config::redact(line.text, config_.secrets));
  }
  if (words.size() > tail_lines) words.erase(words.begin(), words.end() - tail_lines);
  return words;
}

void Supervisor::Running::add_usage(std::vector<ServerStatus*> servers, std::vector<ServerId> ids) {
  std::vector<spawn::Tree*> trees;
  std::vector<ServerStatus*> owners;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    spawn::Tree* tree = instances_.at(ids[i])->tree();
    if (tree == nullptr || !fleet_.find(ids[i])->life.has_process()) continue;
    trees.push_back(tree);
    owners.push_back(servers[i]);
  }
  if (trees.empty()) return;
  const std::vector<spawn::Usage> usage = spawn::measure(trees, trees_.new_table());
  for (std::size_t i = 0; i < usage.size(); ++i) {
    owners[i]->memory_bytes = usage[i].memory_bytes;
    owners[i]->cpu_ms = static_cast<std::uint64_t>(usage[i].cpu.count());
    owners[i]->processes = static_cast<unsigned>(usage[i].processes);
  }
}

// ---- memory limits -----------------------------------------------------------------

bool Supervisor::Running::limits_memory() const {
  return std::ranges::any_of(config_.servers,
                             [](const config::Server& server) { return server.memory != 0; });
}

/// Looks every 15 s, and only while some server has a limit: idle is free.
void Supervisor::Running::watch_memory() {
  if (!limits_memory() || is_stopping()) return memory_timer_.disarm();
  memory_timer_.arm(memory_interval, [this] {
    check_memory();
    watch_memory();
  });
}

void Supervisor::Running::check_memory() {
  std::vector<spawn::Tree*> trees;
  std::vector<ServerId> ids;
  for (const auto& [id, member] : fleet_.members()) {
    Instance& instance = *instances_.at(id);
    const bool serves = member.life.state() == supervisor::State::ready ||
                        member.life.state() == supervisor::State::degraded;
    if (!serves || instance.config().memory == 0 || instance.tree() == nullptr) continue;
    trees.push_back(instance.tree());
    ids.push_back(id);
  }
  if (trees.empty()) return;
  const std::vector<spawn::Usage> usage = spawn::measure(trees, trees_.new_table());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (usage[i].memory_bytes <= instances_.at(ids[i])->config().memory) continue;
    run(fleet_.restart(ids[i], loop_.now(), {supervisor::Motive::memory_limit, {}}));
  }
}

/// A start or a reload of a large fleet leaves holes that nothing fills for days, and
/// code that nobody calls again.
void Supervisor::Running::give_back_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
  if (!std::exchange(code_is_given_back_, true)) signals::give_back_code_pages();
}

// ---- the state file ------------------------------------------------------------------

std::string Supervisor::Running::state_path() const {
  return options_.state_dir.empty() ? "" : options_.state_dir + "/" + config_.name + ".state.json";
}

/// A burst of changes is saved once, when it pauses or has lasted.
void Supervisor::Running::state_changed() {
  const Instant now = loop_.now();
  if (!save_timer_.is_armed()) unsaved_since_ = now;
  save_timer_.arm(std::min(now + save_delay, unsaved_since_ + longest_save_delay),
                  [this] { save_state(); });
}

void Supervisor::Running::save_state() {
  if (saving_.is_running()) {
    save_again_ = true;
    return;
  }
  SavedState state;
  state.stopped = stopped_by_operator_;
  for (const auto& [id, instance] : instances_) {
    if (instance->pid() == 0) continue;
    spawn::Tree& tree = *instance->tree();
    state.leaders.push_back(
        {instance->pid(), tree.start_time(), around_.self.boot_id, tree.cookie()});
  }
  // A thousand leaders take milliseconds to write down, and a server may just have died.
  saving_ = loop::run_on_threadpool(
      loop_,
      [path = state_path(), state = std::move(state)] {
        return runtime::save_state(path, encode(state));
      },
      [this](const Result<void>&) {
        saving_ = {};
        calm_timer_.arm(calm, [this] { give_back_memory(); });
        if (std::exchange(save_again_, false)) {
          farewell_.is_armed() ? save_state() : state_changed();
        } else if (farewell_.is_armed()) {
          tell_stopped();
        }
      });
}

}  // namespace mcpctl::runtime
