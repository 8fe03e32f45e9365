#include "gateway/joint_call.h"

#include <utility>

#include "gateway/reply.h"
#include "mcp/version.h"
#include "relay/lists.h"
#include "relay/message.h"

namespace mcpctl::gateway {
namespace {

using relay::Listing;
using relay::Method;

/// The lists that tell who has what such a request names.
std::vector<Listing> listings_for(Method method) {
  if (const auto listing = relay::listing_of(method)) return {*listing};
  switch (method) {
    case Method::tools_call: return {Listing::tools};
    case Method::prompts_get: return {Listing::prompts};
    case Method::resources_read:
    case Method::resources_subscribe:
    case Method::resources_unsubscribe: return {Listing::resources, Listing::resource_templates};
    case Method::completion: return {Listing::prompts, Listing::resource_templates};
    default: return {};
  }
}

/// What a client hears that names something no server has.
std::string nobody_has_it(const relay::Request& request, Method method) {
  const std::string_view id = request.envelope.id.in(request.text);
  if (listings_for(method).empty()) {
    return error_text(id, mcp::error_code::method_not_found,
                      "not offered for all servers together; ask one at /mcp/NAME");
  }
  return error_text(id, mcp::error_code::invalid_params, "no server here has what this names");
}

}  // namespace

JointCall::JointCall(Joint& joint, JointClient& client, relay::Request request, CallSink& sink)
    : joint_(joint),
      client_(client),
      request_(std::move(request)),
      sink_(sink),
      method_(relay::method_of(request_.envelope.method.in(request_.text))) {
  for (const Listing listing : listings_for(method_)) joint_.retry(listing);
  if (go_on()) return;
  place_ = joint_.enter(*this);
  patience_ = joint_.patience().enter(*this);
}

JointCall::~JointCall() { stop_waiting(); }

void JointCall::cancel(std::string_view raw_reason) {
  stop_waiting();
  alive_.reset();
  if (handed_over_) handed_over_->cancel(raw_reason);
}

void JointCall::stop_waiting() {
  if (place_) joint_.leave(*place_);
  if (patience_) joint_.patience().leave(*patience_);
  place_.reset();
  patience_.reset();
}

void JointCall::waited() noexcept {
  patience_.reset();
  for (const Listing listing : listings_for(method_)) joint_.do_without(listing);
  go_on();
}

/// False: it has to wait for a list.
bool JointCall::go_on() {
  if (!knows_where()) return false;
  stop_waiting();
  if (const auto listing = relay::listing_of(method_)) {
    answer(relay::result_message(request_.envelope.id.in(request_.text),
                                 joint_.catalog().result(*listing, client_.era())));
  } else {
    hand_over();
  }
  return true;
}

bool JointCall::knows_where() {
  const auto listings = listings_for(method_);
  if (method_ == Method::tools_call || method_ == Method::prompts_get) {
    // Its name says whose it is: the others need not be waited for.
    const auto route = joint_.catalog().route(request_);
    return !route || joint_.ensure(listings.front(), route->server);
  }
  bool all = true;
  for (const Listing listing : listings) all = joint_.ensure(listing) && all;
  return all;
}

void JointCall::hand_over() {
  const bool names_task = client_.is_session() ? relay::is_task_method(method_)
                                               : relay::is_extension_task_method(method_);
  if (names_task) return hand_over_task();
  auto route = joint_.catalog().route(request_);
  if (!route) return answer(nobody_has_it(request_, method_));
  handed_over_ = client_.at(route->server).call(std::move(route->request), sink_);
}

/// A task that is not this client's is told from one that never was by nobody.
void JointCall::hand_over_task() {
  Downstream* holder = client_.at_task(request_.envelope.params_task_id.in(request_.text));
  if (holder == nullptr) {
    return answer(error_text(request_.envelope.id.in(request_.text),
                             mcp::error_code::invalid_params, "unknown task"));
  }
  handed_over_ = holder->call(std::move(request_), sink_);
}

/// Sinks hear nothing from inside the functions of their callers.
void JointCall::answer(std::string text) {
  joint_.loop().post([this, alive = std::weak_ptr{alive_}, text = std::move(text)] {
    if (!alive.expired()) sink_.on_response(text);
  });
}

}  // namespace mcpctl::gateway
