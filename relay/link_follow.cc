// What the clients of a server want to hear of, told to the server as one wish.  A
// legacy server gets resources/subscribe and logging/setLevel, a modern one a single
// subscriptions/listen; both only what they offer.
#include <algorithm>
#include <string>
#include <utility>

#include "mcp/message.h"
#include "mcp/raw.h"
#include "relay/edits.h"
#include "relay/link.h"
#include "relay/message.h"
#include "relay/task_extension.h"

namespace mcpctl::relay {

void Link::follow() {
  if (is_closed_) return;
  int level = interests_.log_level();
  for (const auto& [id, flight] : flights_) {
    if (flight.log_level >= 0)
      level = level < 0 ? flight.log_level : std::min(level, flight.log_level);
  }
  const Wanted wanted = offered(interests_.wanted());
  if (is_modern()) {
    follow_listen(wanted);
  } else {
    if (level >= 0 && level != told_level_) {
      told_level_ = -1;
      follow_log_level(level);
    }
    follow_resources(wanted);
  }
  acknowledge();
}

/// The part of it that the server says it can do.
Wanted Link::offered(Wanted wanted) const {
  const std::string_view can = options_.server.capabilities;
  wanted.tools = wanted.tools && declares(can, "tools", "listChanged");
  wanted.prompts = wanted.prompts && declares(can, "prompts", "listChanged");
  wanted.resources = wanted.resources && declares(can, "resources", "listChanged");
  if (!declares(can, "resources", "subscribe")) wanted.uris.clear();
  if (!is_modern() || !knows_task_extension(can)) wanted.tasks.clear();
  return wanted;
}

/// Raises the server's verbosity; each client gets what it asked for (take_log).
void Link::follow_log_level(int level) {
  if (told_level_ >= 0 && told_level_ <= level) return;
  if (!declares(options_.server.capabilities, "logging")) return;
  told_level_ = level;
  const std::uint64_t id = options_.take_id();
  const std::string params = "{\"level\":" + json_string(log_level_name(level)) + '}';
  to_server(request_message(Digits{id}, "\"logging/setLevel\"", params), id, {},
            "logging/setLevel");
}

void Link::follow_resources(const Wanted& wanted) {
  // Changes of lists need no asking.
  settled_.tools = settled_.prompts = settled_.resources = true;
  granted_.tools = granted_.prompts = granted_.resources = true;
  // What the server says while it is at it is about a client that it does not name.
  const auto ask = [this](std::string_view method, const std::string& uri) {
    const std::uint64_t id = options_.take_id();
    const std::string params = "{\"uri\":" + json_string(uri) + '}';
    to_server(request_message(Digits{id}, json_string(method), params), id, {}, method);
    ghosts_.push_back({.id = id, .last_sent = ~std::uint64_t{0}, .downstream = {}});
    return id;
  };
  for (const std::string& uri : wanted.uris) {
    if (told_.uris.insert(uri).second)
      own_subscribes_.emplace(ask("resources/subscribe", uri), uri);
  }
  std::erase_if(told_.uris, [&](const std::string& uri) {
    if (wanted.uris.contains(uri)) return false;
    settled_.uris.erase(uri);
    granted_.uris.erase(uri);
    ask("resources/unsubscribe", uri);
    return true;
  });
}

void Link::follow_listen(const Wanted& wanted) {
  if (wanted == told_) return;
  told_ = wanted;
  const std::uint64_t previous = std::exchange(listen_.id, 0);
  if (previous != 0 && old_listen_ != 0) {  // never acknowledged: the one before still serves
    to_server(cancelled_message(Digits{previous}, {}), 0, {}, "notifications/cancelled");
  } else if (previous != 0) {
    old_listen_ = previous;
  }
  if (wanted.empty()) {
    if (old_listen_ != 0) {
      to_server(cancelled_message(Digits{old_listen_}, {}), 0, {}, "notifications/cancelled");
    }
    old_listen_ = 0;
    settled_ = granted_ = {};
    return;
  }
  const Asker us{.era = mcp::Era::modern,
                 .revision = options_.server.revision,
                 .info = options_.client_info,
                 .capabilities = std::string{wanted.tasks.empty() ? "{}" : task_extension_alone}};
  listen_ = {.id = options_.take_id(), .wanted = wanted};
  const std::string params = "{\"_meta\":{" + modern_meta(us, us.revision) +
                             "},\"notifications\":" + write_filter(wanted) + '}';
  to_server(request_message(Digits{listen_.id}, "\"subscriptions/listen\"", params), listen_.id, {},
            "subscriptions/listen");
}

/// The server serves the newest subscription; the one before may go.
void Link::take_listening(std::string_view text, const mcp::Envelope& envelope) {
  const auto id = mcp::integer_value(envelope.meta_subscription_id.in(text));
  if (!id || listen_.id == 0 || static_cast<std::uint64_t>(*id) != listen_.id) return;
  if (old_listen_ != 0) {
    to_server(cancelled_message(Digits{old_listen_}, {}), 0, {}, "notifications/cancelled");
  }
  old_listen_ = 0;
  settled_ = listen_.wanted;
  granted_ = read_filter(envelope.params_notifications.in(text));
  acknowledge();
}

/// The server's word, or its client's end.  False: `id` is no subscription of ours.
bool Link::listen_ended(std::uint64_t id, bool is_refused) {
  if (id == old_listen_ && id != 0) {
    old_listen_ = 0;
    return true;
  }
  if (id != listen_.id || id == 0) return false;
  listen_.id = 0;
  // Sessions cannot be told that it is over: theirs goes on with another.
  if (!is_refused) renew_listen();
  // Nothing is granted any more: every listener hears that it is over.
  settled_ = listen_.wanted;
  granted_ = {};
  for (ToClient& end : interests_.end_listeners()) outputs_.emplace_back(std::move(end));
  return true;
}

/// In a while: a server that ends each at once is not to be asked without a pause.
void Link::renew_listen() {
  told_ = {};
  outputs_.emplace_back(Missed{});
}

void Link::lost(std::uint64_t id) {
  if (id == 0 || is_closed_) return;
  if (id == old_listen_) old_listen_ = 0;
  if (id == listen_.id) {
    listen_.id = 0;
    renew_listen();
  }
  const auto subscribed = own_subscribes_.find(id);
  if (subscribed != own_subscribes_.end()) subscription_settled(subscribed, false);
}

void Link::acknowledge() {
  for (ToClient& ack : interests_.acknowledge(settled_, granted_)) {
    outputs_.emplace_back(std::move(ack));
  }
}

bool Link::take_own_answer(std::uint64_t id, std::string_view text, const mcp::Envelope& envelope) {
  const auto subscribed = own_subscribes_.find(id);
  const bool accepted = envelope.kind == mcp::Kind::response;
  if (subscribed == own_subscribes_.end()) return listen_ended(id, !accepted);
  subscription_settled(subscribed, accepted);
  return !text.empty();
}

void Link::subscription_settled(OwnSubscribes::iterator subscribed, bool accepted) {
  const std::string uri = std::move(subscribed->second);
  own_subscribes_.erase(subscribed);
  if (!told_.uris.contains(uri)) return;
  settled_.uris.insert(uri);
  if (accepted) granted_.uris.insert(uri);
  acknowledge();
}

void Link::listen(CallId call, const Asker& asker, const Request& request) {
  const mcp::Envelope& envelope = request.envelope;
  const std::string_view filter = envelope.params_notifications.in(request.text);
  if (!filter.starts_with('{')) {
    return refuse(call, asker, request, mcp::error_code::invalid_params,
                  "params.notifications is not an object");
  }
  Wanted wanted = offered(read_filter(filter));
  std::erase_if(wanted.tasks, [&](const std::string& task) {
    return !interests_.tasks().may_see(task, asker.principal);
  });
  interests_.listen(call, asker.downstream, envelope.id.in(request.text), std::move(wanted));
  follow();
}

void Link::subscribe(CallId call, const Asker& asker, const Request& request) {
  auto uri = mcp::string_value(request.envelope.params_uri.in(request.text));
  if (!uri) {
    return refuse(call, asker, request, mcp::error_code::invalid_params,
                  "params.uri is not a string");
  }
  const bool can = declares(options_.server.capabilities, "resources", "subscribe");
  if (!is_modern()) {
    // The server answers itself, also for a resource that another client watches.
    if (can) {
      interests_.subscribe(asker.downstream, *uri);
      told_.uris.insert(*uri);
    }
    start(call, asker, request, Method::resources_subscribe);
    if (can) find(call)->uri = std::move(*uri);
    return;
  }
  if (!can) {
    return refuse(call, asker, request, mcp::error_code::method_not_found,
                  "the server offers no subscriptions to resources");
  }
  interests_.subscribe(asker.downstream, *uri);
  respond(call, asker.downstream, result_message(request.envelope.id.in(request.text), "{}"));
  follow();
}

void Link::subscribe_answered(const Flight& flight, bool accepted) {
  settled_.uris.insert(flight.uri);
  if (accepted) {
    granted_.uris.insert(flight.uri);
  } else if (interests_.unsubscribe(flight.downstream, flight.uri)) {
    told_.uris.erase(flight.uri);
    settled_.uris.erase(flight.uri);
  }
  acknowledge();
}

void Link::unsubscribe(CallId call, const Asker& asker, const Request& request) {
  const auto uri = mcp::string_value(request.envelope.params_uri.in(request.text));
  if (!uri) {
    return refuse(call, asker, request, mcp::error_code::invalid_params,
                  "params.uri is not a string");
  }
  const bool is_last = interests_.unsubscribe(asker.downstream, *uri);
  if (is_last && !is_modern()) {
    told_.uris.erase(*uri);
    settled_.uris.erase(*uri);
    granted_.uris.erase(*uri);
    return start(call, asker, request, Method::resources_unsubscribe);
  }
  respond(call, asker.downstream, result_message(request.envelope.id.in(request.text), "{}"));
  follow();
}

}  // namespace mcpctl::relay
