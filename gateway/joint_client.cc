#include "gateway/joint_client.h"

#include <algorithm>
#include <utility>

#include "gateway/joint_call.h"
#include "gateway/joint_listen.h"
#include "mcp/raw.h"
#include "relay/interests.h"
#include "relay/method.h"

namespace mcpctl::gateway {

JointClient::JointClient(Joint& joint, relay::Asker asker, DownstreamSink& sink)
    : joint_(joint), asker_(std::move(asker)), sink_(sink), place_(joint.enter(*this)) {
  if (!is_session()) return;
  for (const Member& member : joint_.members()) at(member.name);
}

JointClient::~JointClient() { joint_.leave(place_); }

Downstream& JointClient::at(const std::string& server) {
  auto& seat = seats_[server];
  if (seat) return *seat;
  seat = std::make_unique<JointSeat>(Member{server, joint_.find(server)}, asker_, sink_);
  if (is_session() && !asker_.log_level.empty()) seat->set_log_level(asker_.log_level);
  return *seat;
}

Downstream* JointClient::at_task(std::string_view raw_id) {
  const auto id = mcp::string_value(raw_id);
  if (!id) return nullptr;
  if (!is_session()) {
    const auto owner = std::ranges::find_if(joint_.members(), [&](const Member& member) {
      return relay::TaskNames{member.name}.is_one(*id);
    });
    return owner == joint_.members().end() ? nullptr : &at(owner->name);
  }
  const auto seat =
      std::ranges::find_if(seats_, [&](const auto& one) { return one.second->may_have(*id); });
  return seat == seats_.end() ? nullptr : seat->second.get();
}

std::vector<JointTasks::Holder> JointClient::task_holders() const {
  std::vector<JointTasks::Holder> holders;
  for (const Member& member : joint_.members()) {
    const auto seat = seats_.find(member.name);
    if (seat == seats_.end() || !seat->second->has_tasks()) continue;
    holders.push_back({member, *seat->second});
  }
  return holders;
}

std::unique_ptr<Call> JointClient::call(relay::Request&& request, CallSink& sink) {
  const relay::Method method = relay::method_of(request.envelope.method.in(request.text));
  if (method == relay::Method::subscriptions_listen && !is_session()) {
    return std::make_unique<JointListen>(joint_, *this, std::move(request), sink);
  }
  if (method == relay::Method::tasks_list && is_session()) {
    return std::make_unique<JointTasks>(joint_, task_holders(), request, sink);
  }
  return std::make_unique<JointCall>(joint_, *this, std::move(request), sink);
}

void JointClient::notify(relay::Request notification) {
  for (const auto& [server, seat] : seats_) seat->notify(notification);
}

/// Ids of questions are never used twice: whose it is not, drops it.
void JointClient::answer(relay::Request response) {
  for (const auto& [server, seat] : seats_) seat->answer(response);
}

void JointClient::set_log_level(std::string_view level) {
  asker_.log_level = level;
  for (const auto& [server, seat] : seats_) seat->set_log_level(level);
}

void JointClient::on_changed(relay::Heard::What what) noexcept {
  if (is_session()) sink_.on_message(relay::words_of({.what = what}));
}

void JointClient::on_server(const std::string& server) noexcept {
  if (is_session()) at(server);
}

}  // namespace mcpctl::gateway
