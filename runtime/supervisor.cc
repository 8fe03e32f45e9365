#include "runtime/supervisor.h"

#include <utility>

#include "runtime/running.h"

namespace mcpctl::runtime {

Supervisor::Supervisor(loop::Loop& loop, config::Config config, Options options)
    : running_(std::make_unique<Running>(loop, std::move(config), std::move(options))) {}
Supervisor::~Supervisor() = default;

void Supervisor::start(const std::vector<std::string>& only) { running_->start(only); }

Result<void> Supervisor::command(Command command, std::string_view server) {
  return running_->command(command, server);
}

Result<void> Supervisor::restart_rolling(std::string_view server) {
  return running_->restart_rolling(server);
}

void Supervisor::ping(std::string_view server, Duration within, OnPong done) {
  Instance* const instance = running_->find(server);
  if (instance != nullptr) instance->ping(within, std::move(done));
}

ReloadOutcome Supervisor::reload(bool dry_run) { return running_->reload(dry_run); }
void Supervisor::stop_all() { running_->stop_all(); }
void Supervisor::kill_all() { running_->kill_all(); }
void Supervisor::end_now() { running_.reset(); }
bool Supervisor::is_stopping() const { return running_->is_stopping(); }
FleetStatus Supervisor::status(bool with_usage) { return running_->status(with_usage); }
std::vector<std::string> Supervisor::with_process() const { return running_->with_process(); }

Result<ServerStatus> Supervisor::status_of(std::string_view server, bool with_usage) {
  return running_->status_of(server, with_usage);
}
std::vector<std::string> Supervisor::last_words(std::string_view server) {
  Instance* const instance = running_->find(server);
  return instance != nullptr ? running_->last_words(instance->log()) : std::vector<std::string>{};
}

const config::Config& Supervisor::config() const { return running_->config(); }
Feed& Supervisor::feed() { return running_->feed(); }
LineFeed& Supervisor::lines() { return running_->lines(); }
void Supervisor::reopen_logs() { running_->reopen_logs(); }

Channel* Supervisor::channel(std::string_view server) {
  Instance* instance = running_->find(server);
  return instance == nullptr ? nullptr : &instance->channel();
}

Channel* Supervisor::open_replica(std::string_view server, mcp::Introduction client) {
  return running_->open_replica(server, std::move(client));
}

void Supervisor::close_replica(std::string_view replica) { running_->close_replica(replica); }

Traffic& Supervisor::traffic() { return running_->traffic(); }
void Supervisor::announce_gateway(std::string url) { running_->announce_gateway(std::move(url)); }
Topic<std::string>& Supervisor::additions() { return running_->additions(); }
Topic<GatewayChanged>& Supervisor::gateway_changes() { return running_->gateway_changes(); }

ServerLog* Supervisor::log(std::string_view server) {
  Instance* instance = running_->find(server);
  return instance == nullptr ? nullptr : &instance->log();
}

}  // namespace mcpctl::runtime
