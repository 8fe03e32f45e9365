#include "relay/link.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "mcp/message.h"
#include "mcp/raw.h"
#include "relay/edits.h"
#include "relay/message.h"
#include "relay/task_extension.h"

namespace mcpctl::relay {
namespace {

/// For the header Mcp-Name.
std::string name_for_http(const Request& request, Method method) {
  const mcp::Span name = named_by(method, request.envelope);
  return mcp::string_value(name.in(request.text)).value_or("");
}

}  // namespace

Link::Link(Options options, Interests& interests)
    : options_(std::move(options)), interests_(interests) {
  if (!options_.server.server_info.empty()) {
    server_info_ = R"("io.modelcontextprotocol/serverInfo":)" + options_.server.server_info;
  }
  follow();
}

void Link::call(CallId call, const Asker& asker, const Request& request) {
  MCPCTL_ASSERT(call && asker.downstream && !find(call));
  const mcp::Envelope& envelope = request.envelope;
  const Method method = method_of(envelope.method.in(request.text));
  const bool modern = asker.era == mcp::Era::modern;
  if (!was_called_ && !modern) only_session_ = asker.downstream;
  if (only_session_ != asker.downstream) only_session_ = {};
  was_called_ = true;
  if (is_closed_) {
    return refuse(call, asker, request, error_code::server_gone, "the server is gone");
  }
  if (method == Method::tools_call && !options_.tools.is_open()) {
    const auto name = mcp::string_value(envelope.params_name.in(request.text));
    if (!name || !options_.tools.allows(*name)) {
      return refuse(call, asker, request, mcp::error_code::invalid_params, "unknown tool");
    }
  }
  if (modern && method == Method::subscriptions_listen) return listen(call, asker, request);
  if (!modern && method == Method::resources_subscribe) return subscribe(call, asker, request);
  if (!modern && method == Method::resources_unsubscribe) return unsubscribe(call, asker, request);
  const bool of_other_era =
      modern ? method == Method::resources_subscribe || method == Method::resources_unsubscribe
             : method == Method::subscriptions_listen;
  if (of_other_era) {
    return refuse(call, asker, request, mcp::error_code::method_not_found, "method not found");
  }
  if (is_task_method(method) || method == Method::tasks_list) {
    std::string refusal = refused_task(asker, request, method);
    if (!refusal.empty()) {
      return respond(call, asker.downstream, std::move(refusal), mcp::Kind::error);
    }
  }
  if (modern && !is_modern() && envelope.params_request_state) {
    return resume(call, asker, request, method);
  }
  start(call, asker, request, method);
}

/// The answer to who asks of a task that is not its own, or by a method that the server
/// does not know from such a client.  Empty: the server is to be asked.
std::string Link::refused_task(const Asker& asker, const Request& request, Method method) const {
  const mcp::Envelope& envelope = request.envelope;
  const std::string_view id = envelope.id.in(request.text);
  const bool is_known =
      asker.era == mcp::Era::modern ? is_extension_task_method(method) : !is_modern();
  if (!is_known) {
    return mcp::error_response(id, mcp::error_code::method_not_found, "method not found");
  }
  if (method == Method::tasks_list) return {};
  const auto task = mcp::string_value(envelope.params_task_id.in(request.text));
  const bool is_own = is_modern() ? task && interests_.tasks().may_see(*task, asker.principal)
                                  : task && tasks_.owner(*task) == asker.downstream;
  if (is_own) return {};
  if (task && interests_.has_made_task(asker.downstream, *task)) {
    return mcp::error_response(id, error_code::server_gone,
                               "the task went with the process of its server");
  }
  return mcp::error_response(id, mcp::error_code::invalid_params, "unknown task");
}

void Link::start(CallId call, const Asker& asker, const Request& request, Method method) {
  const mcp::Envelope& envelope = request.envelope;
  const std::uint64_t id = options_.take_id();
  Flight& flight = flights_.try_emplace(flights_.end(), id)->second;
  flight.id = id;
  flight.call = flight.stream = call;
  flight.downstream = asker.downstream;
  flight.principal = asker.principal;
  flight.method = method;
  flight.era = asker.era;
  flight.log_level = log_level_of(asker.log_level);
  flight.client_id = envelope.id.in(request.text);
  if (const mcp::Span token = envelope.meta_progress_token) {
    flight.progress_token = token.in(request.text);
  }
  if (!is_modern()) {
    flight.abilities = abilities_of(asker.capabilities);
    flight.as_task = envelope.params_task && asker.era == mcp::Era::legacy;
    if (flight.log_level >= 0) follow_log_level(flight.log_level);
  } else if (asker.era == mcp::Era::modern) {
    flight.may_be_task = method == Method::tools_call && knows_task_extension(asker.capabilities);
  } else if (may_need_input(method)) {
    flight.abilities = abilities_of(asker.capabilities);
    flight.rounds = std::make_unique<Rounds>();
    flight.rounds->asker = asker;
    flight.rounds->original = request;
  }
  calls_.emplace(call.value, &flight);
  send(flight, asker, request, addressed_to_server(flight, asker, request, {}));
}

std::string Link::addressed_to_server(const Flight& flight, const Asker& asker,
                                      const Request& request, std::string_view more_params) const {
  const mcp::Envelope& envelope = request.envelope;
  const Digits id{flight.id};
  Edits edits{request.text};
  edits.replace(envelope.id, id);
  if (asker.era == options_.server.era) {
    if (envelope.meta_progress_token) edits.replace(envelope.meta_progress_token, id);
    return edits.apply();
  }
  const std::string_view meta = envelope.params_meta.in(request.text);
  if (!is_modern()) {
    const std::string stripped = rewritten_meta(meta, {}, id);
    if (meta.starts_with('{')) edits.replace(envelope.params_meta, stripped);
    // This revision ignores it, and the client could not ask for the task.
    if (envelope.params_task) edits.remove(envelope.params_task);
    return edits.apply();
  }
  Asker described = asker;
  described.capabilities = without_task_extension(asker.capabilities);
  // A legacy client gets log messages without asking for them.
  if (described.log_level.empty() && declares(options_.server.capabilities, "logging")) {
    described.log_level = "info";
  }
  const std::string rewritten =
      rewritten_meta(meta, modern_meta(described, options_.server.revision), id);
  std::string added{more_params};
  if (envelope.params_meta) {
    edits.replace(envelope.params_meta, rewritten);
  } else {
    if (!added.empty()) added += ',';
    added += "\"_meta\":" + rewritten;
  }
  if (envelope.params) return edits.prepend(envelope.params, added).apply();
  added = ",\"params\":{" + added + '}';
  return edits.append(added).apply();
}

void Link::send(const Flight& flight, const Asker& asker, const Request& request,
                std::string text) {
  ToServer& message = std::get<ToServer>(outputs_.emplace_back(
      ToServer{.text = std::move(text), .id = flight.id, .call = flight.call}));
  last_sent_ = std::max(last_sent_, flight.id);
  if (!options_.for_http) return;
  const std::string_view method = request.envelope.method.in(request.text);
  message.headers = std::make_unique<InHeaders>(mcp::string_value(method).value_or(""),
                                                name_for_http(request, flight.method),
                                                asker.mirrored, request.trace);
}

void Link::cancel(CallId call, std::string_view raw_reason) {
  if (Flight* flight = find(call)) return abandon(*flight, raw_reason);
  if (interests_.drop(call)) follow();
}

void Link::fail(CallId call, int code, std::string_view why) {
  Flight* flight = find(call);
  if (flight == nullptr) return;
  withdraw_asks(*flight);
  respond(call, flight->downstream, mcp::error_response(flight->client_id, code, why),
          mcp::Kind::error);
  abandon(*flight, json_string(why));
}

void Link::forget(CallId call) {
  if (Flight* flight = find(call)) {
    flight->rounds.reset();
    drop(*flight);
  }
}

void Link::notify(const Request& notification) {
  if (options_.owner && !is_modern()) to_server(notification.text, 0, {}, {});
}

void Link::show_tools(ToolFilter tools) {
  if (tools == options_.tools) return;
  options_.tools = std::move(tools);
  outputs_.emplace_back(Heard{.what = Heard::What::tools_changed});
}

void Link::closed(std::string_view why) {
  if (is_closed_) return;
  is_closed_ = true;
  while (!flights_.empty()) {
    Flight& flight = flights_.begin()->second;
    if (!flight.call) {
      drop(flight);
    } else {
      end_with_error(flight, error_code::server_gone, why);
    }
  }
  for (const Ask& ask : owner_asks_) {
    outputs_.emplace_back(ToClient{.downstream = options_.owner->downstream,
                                   .text = cancelled_message(Digits{ask.id}, {})});
  }
  owner_asks_.clear();
}

bool Link::may_repeat(CallId call, bool is_harmless) const {
  const auto found = calls_.find(call.value);
  if (found == calls_.end()) return false;
  const Flight& flight = *found->second;
  const bool does_no_harm = is_repeatable(flight.method) || (is_harmless && !flight.as_task);
  return does_no_harm && (!flight.rounds || flight.rounds->asks.empty());
}

std::vector<Output> Link::take_outputs(std::vector<Output> done) {
  constexpr std::size_t most_kept = 16;
  done.clear();
  if (done.capacity() > most_kept) done = std::vector<Output>{};
  done.swap(outputs_);
  return done;
}

Flight* Link::find(CallId call) {
  const auto found = calls_.find(call.value);
  return found == calls_.end() ? nullptr : found->second;
}

/// The server need not go on.  Its questions are answered, so that it does not wait.
void Link::abandon(Flight& flight, std::string_view raw_reason) {
  const bool at_server = !is_modern() || !flight.rounds || flight.rounds->asks.empty();
  if (!is_modern() && flight.rounds) {
    for (const Ask& ask : flight.rounds->asks) {
      decline(ask.origin, error_code::declined, "the request was cancelled");
    }
    flight.rounds->asks.clear();
  }
  if (at_server) {
    ghosts_.push_back({flight.id, last_sent_, flight.downstream});
    to_server(cancelled_message(Digits{flight.id}, raw_reason), 0, flight.call,
              "notifications/cancelled");
  }
  drop(flight);
}

void Link::drop(Flight& flight) {
  if (flight.call) calls_.erase(flight.call.value);
  if (flight.is_parked()) parked_.erase(flight.rounds->token);
  const std::uint64_t id = flight.id;
  flights_.erase(id);
}

/// A legacy client that still ponders a question hears that nobody waits for it.
void Link::withdraw_asks(Flight& flight) {
  if (!flight.rounds || !flight.call || flight.era == mcp::Era::modern) return;
  for (const Ask& ask : flight.rounds->asks) {
    if (!ask.answer.empty()) continue;
    outputs_.emplace_back(ToClient{.downstream = flight.downstream,
                                   .call = flight.call,
                                   .text = cancelled_message(Digits{ask.id}, {})});
  }
}

void Link::respond(CallId call, DownstreamId downstream, std::string text, mcp::Kind kind) {
  outputs_.emplace_back(ToClient{.downstream = downstream,
                                 .call = call,
                                 .text = std::move(text),
                                 .is_last = true,
                                 .is_error = kind == mcp::Kind::error});
}

void Link::refuse(CallId call, const Asker& asker, const Request& request, int code,
                  std::string_view why) {
  respond(call, asker.downstream,
          mcp::error_response(request.envelope.id.in(request.text), code, why), mcp::Kind::error);
}

void Link::end_with_error(Flight& flight, int code, std::string_view why) {
  withdraw_asks(flight);
  respond(flight.call, flight.downstream, mcp::error_response(flight.client_id, code, why),
          mcp::Kind::error);
  drop(flight);
}

void Link::to_server(std::string text, std::uint64_t id, CallId call, std::string_view method) {
  ToServer& message = std::get<ToServer>(
      outputs_.emplace_back(ToServer{.text = std::move(text), .id = id, .call = call}));
  last_sent_ = std::max(last_sent_, id);
  if (options_.for_http) message.headers = std::make_unique<InHeaders>(std::string{method});
}

}  // namespace mcpctl::relay
