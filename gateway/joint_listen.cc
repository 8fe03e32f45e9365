#include "gateway/joint_listen.h"

#include <algorithm>
#include <utility>

#include "mcp/envelope.h"
#include "mcp/splice.h"
#include "relay/lists.h"
#include "relay/message.h"
#include "relay/method.h"
#include "relay/task_names.h"

namespace mcpctl::gateway {

using relay::Listing;

JointListen::JointListen(Joint& joint, JointClient& client, relay::Request request, CallSink& sink)
    : joint_(joint),
      client_(client),
      request_(std::move(request)),
      sink_(sink),
      wanted_(relay::read_filter(request_.envelope.params_notifications.in(request_.text))),
      place_(joint.enter(*this)),
      patience_(joint.patience().enter(*this)) {
  // We know of changes that the servers do not speak of: one that comes or goes.
  granted_.tools = wanted_.tools;
  granted_.prompts = wanted_.prompts;
  granted_.resources = wanted_.resources;
  if (knows_where()) begin();
}

JointListen::~JointListen() { cancel({}); }

void JointListen::cancel(std::string_view raw_reason) {
  if (place_) joint_.leave(*place_);
  if (patience_) joint_.patience().leave(*patience_);
  place_.reset();
  patience_.reset();
  for (const auto& [server, part] : parts_) {
    if (part->call) part->call->cancel(raw_reason);
  }
  parts_.clear();
}

/// Whose the resources are is in the lists.
bool JointListen::knows_where() {
  if (wanted_.uris.empty()) return true;
  const bool resources = joint_.ensure(Listing::resources);
  return joint_.ensure(Listing::resource_templates) && resources;
}

void JointListen::begin() {
  has_begun_ = true;
  for (const Member& member : joint_.members()) listen_at(member.name);
  // With nobody to listen to, the acknowledgement comes when patience ends.
}

void JointListen::listen_at(const std::string& server) {
  auto request =
      relay::read_request(mcp::splice(request_.text, request_.envelope.params_notifications,
                                      relay::write_filter(wanted_of(server))));
  if (!request) return;
  auto& part = parts_[server];
  part = std::make_unique<Part>(*this);
  part->call = client_.at(server).call(std::move(*request), *part);
}

/// All lists, and the resources and tasks that are this server's.
relay::Wanted JointListen::wanted_of(const std::string& server) const {
  relay::Wanted wanted{wanted_.tools, wanted_.prompts, wanted_.resources};
  for (const std::string& uri : wanted_.uris) {
    const auto read = relay::read_request(relay::request_message(
        "0", R"("resources/read")", R"({"uri":)" + relay::json_string(uri) + '}'));
    const auto route = read ? joint_.catalog().route(*read) : std::nullopt;
    if (route && route->server == server) wanted.uris.insert(uri);
  }
  const relay::TaskNames names{server};
  for (const std::string& task : wanted_.tasks) {
    if (names.is_one(task)) wanted.tasks.insert(task);
  }
  return wanted;
}

// ---- what the servers say

void JointListen::Part::on_message(std::string_view text) noexcept {
  const auto envelope = mcp::scan(text);
  if (!envelope) return;
  if (relay::method_of(envelope->method.in(text)) != relay::Method::listening) {
    return of.tell(text);
  }
  is_settled = true;
  relay::Wanted granted = relay::read_filter(envelope->params_notifications.in(text));
  of.granted_.uris.merge(granted.uris);
  of.granted_.tasks.merge(granted.tasks);
  of.acknowledge_if_settled();
}

void JointListen::Part::on_response(std::string /*text*/) noexcept {
  call.reset();
  is_settled = true;
  of.acknowledge_if_settled();
}

void JointListen::acknowledge_if_settled() {
  const bool all =
      std::ranges::all_of(parts_, [](const auto& one) { return one.second->is_settled; });
  if (all) acknowledge();
}

/// Once, and before anything that was listened for.
void JointListen::acknowledge() {
  if (std::exchange(is_acknowledged_, true)) return;
  if (patience_) joint_.patience().leave(*patience_);
  patience_.reset();
  sink_.on_message(relay::acknowledged_message(request_.envelope.id.in(request_.text), granted_));
}

void JointListen::tell(std::string_view text) {
  const std::weak_ptr alive{alive_};
  acknowledge();
  if (!alive.expired()) sink_.on_message(text);
}

// ---- what becomes of the lists

void JointListen::on_known() noexcept {
  if (!has_begun_ && knows_where()) begin();
}

void JointListen::on_changed(relay::Heard::What what) noexcept {
  using What = relay::Heard::What;
  const bool is_wanted = (what == What::tools_changed && wanted_.tools) ||
                         (what == What::prompts_changed && wanted_.prompts) ||
                         (what == What::resources_changed && wanted_.resources);
  if (!is_wanted) return;
  const std::string words = relay::words_of({.what = what});
  const auto envelope = mcp::scan(words);
  if (!envelope) return;
  tell(relay::in_subscription(words, *envelope, request_.envelope.id.in(request_.text)));
}

void JointListen::on_server(const std::string& server) noexcept {
  if (!has_begun_) return;
  const auto part = parts_.find(server);
  if (part == parts_.end() || !part->second->call) listen_at(server);
}

void JointListen::waited() noexcept {
  patience_.reset();
  if (!has_begun_) {
    joint_.do_without(Listing::resources);
    joint_.do_without(Listing::resource_templates);
    begin();
  }
  acknowledge();
}

}  // namespace mcpctl::gateway
