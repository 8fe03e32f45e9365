#include "cli/clients_door.h"

#include <utility>

namespace mcpctl::cli {

ClientsDoor::ClientsDoor(loop::Loop& loop, runtime::Supervisor& supervisor, Log& log,
                         const std::string& state_dir)
    : loop_(loop), log_(log) {
  changes_ = supervisor.gateway_changes().subscribe(
      [this](const runtime::GatewayChanged& changed) { reconfigure(changed); });
  gateway::DoorOptions options;
  options.config = supervisor.config().gateway;
  if (options.config.listen.empty()) return;
  options.on_trouble = [this](std::string_view what) { log_.warning(what); };
  options.on_access = [this](std::string_view line) { log_.info(line); };
  auto door = gateway::Door::open(loop_, std::move(options));
  if (!door) {
    log_.warning(door.error().message + "; the servers run without the gateway");
    return;
  }
  door_ = std::move(*door);
  gateway::Upstreams::Options behind;
  if (!state_dir.empty()) behind.lists = state_dir + '/' + supervisor.config().name + ".lists.json";
  behind.on_trouble = [this](std::string_view what) { log_.warning(what); };
  upstreams_ = std::make_unique<gateway::Upstreams>(loop_, supervisor, std::move(behind));
  door_->serve(*upstreams_);
  const std::string url = "http://" + door_->address().text() + "/mcp";
  supervisor.announce_gateway(url);
  log_.info("clients connect to " + url + ", or to /mcp/NAME for one server");
}

ClientsDoor::~ClientsDoor() { leave(); }

void ClientsDoor::reconfigure(const runtime::GatewayChanged& changed) {
  for (const std::string& key : changed.change.next_start) {
    log_.warning("gateway." + key + " waits for the next start");
  }
  if (!door_ || changed.change.in_place.empty()) return;
  if (const auto done = door_->reconfigure(changed.settings); !done) {
    return log_.warning("the gateway keeps its settings: " + done.error().message);
  }
  for (const std::string& key : changed.change.in_place) log_.info("gateway." + key + " is new");
}

void ClientsDoor::leave() {
  if (door_) door_->leave();
  upstreams_.reset();
}

}  // namespace mcpctl::cli
