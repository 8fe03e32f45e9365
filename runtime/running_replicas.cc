// The part of Supervisor::Running that gives client sessions processes of their own.
#include <utility>

#include "runtime/running.h"
#include "supervisor/spec.h"

namespace mcpctl::runtime {
namespace {

/// What a replica runs with: the server's configuration, but nobody waits for it.
config::Server replica_of(config::Server server, std::string name) {
  server.name = std::move(name);
  server.startup = config::Startup::lazy;
  server.required = false;
  return server;
}

}  // namespace

Channel* Supervisor::Running::open_replica(std::string_view server, mcp::Introduction client) {
  const auto origin = fleet_.find(server);
  if (!origin || is_stopping()) return nullptr;
  std::string name = free_replica_name(server);
  const supervisor::Lifecycle& life = fleet_.find(*origin)->life;
  const bool is_wanted = life.goal() == supervisor::Goal::up;
  const std::string unusable = life.spec().unusable;
  const ServerId id = add(replica_of(instances_.at(*origin)->config(), std::move(name)), unusable,
                          std::move(client));
  replicas_.emplace(id, server);
  if (is_wanted) run(fleet_.enable(id, loop_.now()));
  return &instances_.at(id)->channel();
}

/// With the lowest free number, so that there are no more names than replicas at a time.
std::string Supervisor::Running::free_replica_name(std::string_view server) const {
  for (unsigned number = 1;; ++number) {
    std::string name = std::string{server} + '~' + std::to_string(number);
    if (!fleet_.find(name)) return name;
  }
}

void Supervisor::Running::close_replica(std::string_view replica) {
  const auto id = fleet_.find(replica);
  if (!id || !replicas_.contains(*id)) return;
  loop_.post([this, alive = std::weak_ptr{alive_}, id = *id] {
    if (!alive.expired()) run(fleet_.remove(id, loop_.now()));
  });
}

std::vector<ServerId> Supervisor::Running::replicas_of(std::string_view server) const {
  std::vector<ServerId> found;
  for (const auto& [id, origin] : replicas_) {
    if (origin == server) found.push_back(id);
  }
  return found;
}

/// What was said to the server is meant for all of its processes; but none starts before
/// its client asks for something.
void Supervisor::Running::command_replicas(Command command, std::string_view server) {
  for (const ServerId id : replicas_of(server)) command_replica(command, id);
}

void Supervisor::Running::command_replica(Command command, ServerId id) {
  const Instant now = loop_.now();
  const bool sleeps = fleet_.find(id)->life.state() == supervisor::State::idle;
  switch (command) {
    case Command::start: return run(fleet_.enable(id, now));
    case Command::stop: return run(fleet_.stop(id, now));
    case Command::restart: return run(sleeps ? fleet_.enable(id, now) : fleet_.restart(id, now));
    case Command::reset: return run(fleet_.reset(id, now));
    case Command::kill: return run(fleet_.deliver(id, supervisor::KillRequested{}, now));
  }
}

void Supervisor::Running::remove_replicas(std::string_view server) {
  for (const ServerId id : replicas_of(server)) run(fleet_.remove(id, loop_.now()));
}

void Supervisor::Running::reconfigure_replicas(const config::Server& server, bool restarts,
                                               bool rolls) {
  // One that cannot be used any more is read as shared, too.
  if (server.sharing != config::Sharing::session) return remove_replicas(server.name);
  for (const ServerId id : replicas_of(server.name)) {
    reconfigure(id, replica_of(server, fleet_.find(id)->name), "", restarts, rolls);
  }
}

}  // namespace mcpctl::runtime
