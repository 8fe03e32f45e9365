#include "cli/clients_door.h"

#include <utility>

namespace mcpctl::cli {

ClientsDoor::ClientsDoor(loop::Loop& loop, runtime::Supervisor& supervisor, Log& log,
                         const std::string& state_dir)
    : loop_(loop), log_(log), opened_(supervisor.config().gateway) {
  if (opened_.listen.empty()) return;
  gateway::DoorOptions options;
  options.config = opened_;
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

void ClientsDoor::compare(const config::Gateway& wanted) {
  if (wanted != opened_) log_.warning("the gateway's new settings wait for the next start");
}

void ClientsDoor::leave() {
  if (door_) door_->leave();
  upstreams_.reset();
}

}  // namespace mcpctl::cli
