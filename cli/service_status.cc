#include "cli/service_status.h"

#include <string>

namespace mcpctl::cli {
namespace {

/// Many servers become ready at once; systemd need not hear of each.
constexpr Duration status_settling{200};

}  // namespace

ServiceStatus::ServiceStatus(loop::Loop& loop, runtime::Supervisor& supervisor)
    : supervisor_(supervisor),
      notifier_(signals::ServiceNotifier::from_environment()),
      status_(loop),
      watchdog_(loop) {
  if (!notifier_) return;
  notifier_.ready();
  transitions_ = supervisor.feed().subscribe([this](const runtime::Transitioned&) {
    if (supervisor_.is_stopping() && !said_stopping_) said_stopping_ = notifier_.stopping();
    if (!status_.is_armed()) status_.arm(status_settling, [this] { tell(); });
  });
  if (notifier_.watchdog_interval()) beat();
}

void ServiceStatus::tell() {
  std::size_t ready = 0;
  std::string troubled;
  const runtime::FleetStatus status = supervisor_.status(false);
  for (const runtime::ServerStatus& server : status.servers) {
    if (server.state == supervisor::State::ready) ++ready;
    if (server.state == supervisor::State::failed) {
      troubled += (troubled.empty() ? "; failed: " : ", ") + server.name;
    }
  }
  notifier_.status(std::to_string(ready) + " of " + std::to_string(status.servers.size()) +
                   " servers ready" + troubled);
}

/// From the loop, so that a loop that hangs misses its beats.
void ServiceStatus::beat() {
  notifier_.watchdog();
  watchdog_.arm(*notifier_.watchdog_interval() / 2, [this] { beat(); });
}

}  // namespace mcpctl::cli
