#include "gateway/upstreams.h"

#include <utility>

#include "base/assert.h"

namespace mcpctl::gateway {

Upstreams::Upstreams(loop::Loop& loop, runtime::Supervisor& supervisor, Options options)
    : loop_(loop),
      supervisor_(supervisor),
      lists_(loop, std::move(options.lists), std::move(options.on_trouble)),
      joint_(loop, [this] { return offered(); }) {
  lists_.keep_only(sleepers());
  for (const config::Server& server : supervisor_.config().servers) add(server.name);
  for (const config::Unusable& unusable : supervisor_.config().unusable) add(unusable.server);
  additions_ =
      supervisor_.additions().subscribe([this](const std::string& server) { add(server); });
}

void Upstreams::add(const std::string& server) {
  runtime::Channel* channel = supervisor_.channel(server);
  if (channel == nullptr || channel->config().kind != config::Kind::mcp) return;
  auto& upstream = servers_[server];
  if (!upstream) {
    upstream = std::make_unique<Upstream>(loop_, supervisor_, server, numbers_);
    upstream->keep_lists(lists_);
    upstream->watch([this, server, &watched = *upstream] {
      joint_.look_at(server, watched.is_attached() ? &watched : nullptr);
    });
  }
  if (!upstream->is_attached()) upstream->attach(*channel);
}

/// Who is worth a place in a file.
std::set<std::string> Upstreams::sleepers() const {
  std::set<std::string> names;
  for (const config::Server& server : supervisor_.config().servers) {
    if (server.startup == config::Startup::lazy) names.insert(server.name);
  }
  return names;
}

/// In the order of the configuration.
std::vector<Member> Upstreams::offered() const {
  std::vector<Member> members;
  const auto add = [&](const std::string& server) {
    if (knows(server)) members.push_back({server, servers_.at(server).get()});
  };
  for (const config::Server& server : supervisor_.config().servers) add(server.name);
  for (const config::Unusable& unusable : supervisor_.config().unusable) add(unusable.server);
  return members;
}

bool Upstreams::knows(std::string_view target) const {
  if (target.empty()) return true;
  const auto found = servers_.find(target);
  return found != servers_.end() && found->second->is_attached();
}

Upstream& Upstreams::at(std::string_view server) {
  const auto found = servers_.find(server);
  MCPCTL_ASSERT(found != servers_.end());
  return *found->second;
}

void Upstreams::describe(std::string_view target,
                         loop::Callback<Result<relay::ServerProfile>> done) {
  if (target.empty()) return joint_.describe(std::move(done));
  at(target).describe(std::move(done));
}

std::unique_ptr<Downstream> Upstreams::connect(std::string_view target, relay::Asker asker,
                                               DownstreamSink& sink) {
  if (target.empty()) return joint_.connect(std::move(asker), sink);
  return at(target).connect(std::move(asker), sink);
}

}  // namespace mcpctl::gateway
