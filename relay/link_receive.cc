#include <algorithm>
#include <string>
#include <utility>

#include "mcp/raw.h"
#include "mcp/splice.h"
#include "relay/edits.h"
#include "relay/link.h"
#include "relay/message.h"

namespace mcpctl::relay {
namespace {

mcp::Span whole_object(std::string_view text) {
  const std::size_t start = text.find('{');
  return {start, text.rfind('}') + 1 - start};
}

/// What a modern client expects in a result that a legacy server does not write.
std::string completing_members(Method method, const mcp::Envelope& envelope,
                               std::string_view server_info) {
  std::string members;
  const auto add = [&members](std::string_view member) {
    if (!members.empty()) members += ',';
    members += member;
  };
  if (!envelope.result_type) add(R"("resultType":"complete")");
  if (is_cacheable(method)) {
    if (!envelope.result_ttl_ms) add(R"("ttlMs":0)");
    if (!envelope.result_cache_scope) add(R"("cacheScope":"private")");
  }
  if (!envelope.result_meta && !server_info.empty()) {
    add("\"_meta\":{" + std::string{server_info} + '}');
  }
  return members;
}

bool has_ended(std::string_view raw_status) {
  return mcp::is_string(raw_status, "completed") || mcp::is_string(raw_status, "failed") ||
         mcp::is_string(raw_status, "cancelled");
}

}  // namespace

void Link::receive(std::string_view text, const mcp::Envelope& envelope, CallId about) {
  if (is_closed_) return;
  switch (envelope.kind) {
    case mcp::Kind::response:
    case mcp::Kind::error: return take_answer(text, envelope, about);
    case mcp::Kind::notification: return take_notification(text, envelope, about);
    case mcp::Kind::request: return take_request(text, envelope, about);
    case mcp::Kind::batch: return take_batch(text, about);
  }
}

void Link::take_batch(std::string_view text, CallId about) {
  for (const std::string_view element : mcp::batch_elements(text)) {
    const auto envelope = mcp::scan(element);
    if (envelope && envelope->kind != mcp::Kind::batch) receive(element, *envelope, about);
  }
}

void Link::take_answer(std::string_view text, const mcp::Envelope& envelope, CallId about) {
  const auto id = mcp::integer_value(envelope.id.in(text));
  if (id) {
    lay_ghosts(static_cast<std::uint64_t>(*id));
    const auto found = flights_.find(static_cast<std::uint64_t>(*id));
    if (found != flights_.end()) return deliver_answer(found->second, text, envelope);
    take_own_answer(static_cast<std::uint64_t>(*id), text, envelope);
    return;
  }
  // An error without an id is the answer to the POST that it came in.
  const bool nameless = !envelope.id || envelope.id.in(text) == "null";
  if (Flight* flight = on_stream(about); flight != nullptr && about && nameless) {
    deliver_answer(*flight, text, envelope);
  }
}

void Link::deliver_answer(Flight& flight, std::string_view text, const mcp::Envelope& envelope) {
  const bool is_error = envelope.kind == mcp::Kind::error;
  if (flight.is_parked()) {
    flight.rounds->late = text;
    return;
  }
  if (flight.rounds && is_modern()) {
    if (!flight.rounds->asks.empty()) return;  // the server has answered this id already
    if (!is_error && mcp::is_string(envelope.result_type.in(text), "input_required")) {
      return gather_input(flight, text, envelope);
    }
  }
  if (!flight.uri.empty()) subscribe_answered(flight, !is_error);
  if (flight.as_task && !is_error) note_task(flight, text, envelope);
  if (is_modern() && mcp::is_string(envelope.result_type.in(text), "task")) {
    if (!flight.may_be_task) {
      return end_with_error(flight, mcp::error_code::internal_error,
                            "the server answered with a task, which the client does not know");
    }
    hold_task(flight, text, envelope);
  }
  withdraw_asks(flight);
  if (flight.method == Method::tools_list && !options_.tools.is_open()) {
    const auto allowed = [this](std::string_view tool) { return options_.tools.allows(tool); };
    const std::string shown = with_tools(text, envelope, allowed);
    if (const auto again = mcp::scan(shown)) {
      respond(flight.call, flight.downstream, addressed_to_client(flight, shown, *again),
              envelope.kind);
    }
  } else {
    respond(flight.call, flight.downstream, addressed_to_client(flight, text, envelope),
            envelope.kind);
  }
  drop(flight);
}

std::string Link::addressed_to_client(const Flight& flight, std::string_view text,
                                      const mcp::Envelope& envelope) const {
  Edits edits{text};
  std::string id_member;
  if (envelope.id) {
    edits.replace(envelope.id, flight.client_id);
  } else {
    id_member = "\"id\":" + flight.client_id;
    edits.prepend(whole_object(text), id_member);
  }
  std::string own_tasks;
  if (flight.method == Method::tasks_list && !is_modern() && envelope.result) {
    own_tasks = tasks_.own_tasks(envelope.result.in(text), flight.downstream);
    return edits.replace(envelope.result, own_tasks).apply();
  }
  if (flight.era != mcp::Era::modern || is_modern()) return edits.apply();

  if (envelope.kind == mcp::Kind::error) {
    const bool not_found =
        mcp::integer_value(envelope.error_code.in(text)) == mcp::error_code::resource_not_found;
    if (not_found) edits.replace(envelope.error_code, "-32602");
    return edits.apply();
  }
  const std::string_view result = envelope.result.in(text);
  if (!result.starts_with('{')) return edits.apply();
  const std::string_view meta = envelope.result_meta.in(text);
  const std::string members = completing_members(flight.method, envelope, server_info_);
  edits.prepend(envelope.result, members);
  if (meta.starts_with('{') && mcp::member(meta, "io.modelcontextprotocol/serverInfo").empty()) {
    edits.prepend(envelope.result_meta, server_info_);
  }
  return edits.apply();
}

void Link::note_task(const Flight& flight, std::string_view text, const mcp::Envelope& envelope) {
  const std::string_view task = mcp::member(envelope.result.in(text), "task");
  auto id = mcp::string_value(mcp::member(task, "taskId"));
  if (!id) return;
  interests_.made_task(flight.downstream, *id);
  tasks_.add(std::move(*id), flight.downstream, flight.id, flight.progress_token);
}

void Link::hold_task(const Flight& flight, std::string_view text, const mcp::Envelope& envelope) {
  auto id = mcp::string_value(mcp::member(envelope.result.in(text), "taskId"));
  if (id) interests_.tasks().add(std::move(*id), flight.principal);
}

void Link::take_notification(std::string_view text, const mcp::Envelope& envelope, CallId about) {
  const auto changed = [&](Heard::What what, mcp::Span named = {}) {
    // A modern server speaks on subscriptions only, and the one before last is over.
    const auto id = mcp::integer_value(envelope.meta_subscription_id.in(text));
    if (id && static_cast<std::uint64_t>(*id) != (old_listen_ != 0 ? old_listen_ : listen_.id)) {
      return;
    }
    auto subject = mcp::string_value(named.in(text)).value_or("");
    outputs_.emplace_back(
        Heard{.what = what, .text = std::string{text}, .subject = std::move(subject)});
  };
  switch (method_of(envelope.method.in(text))) {
    case Method::progress: return take_progress(text, envelope);
    case Method::log: return take_log(text, envelope, about);
    case Method::tools_changed: return changed(Heard::What::tools_changed);
    case Method::prompts_changed: return changed(Heard::What::prompts_changed);
    case Method::resources_changed: return changed(Heard::What::resources_changed);
    case Method::resource_updated:
      return changed(Heard::What::resource_updated, envelope.params_uri);
    case Method::task_changed: return changed(Heard::What::task_changed, envelope.params_task_id);
    case Method::cancelled: return withdraw(envelope.params_request_id.in(text));
    case Method::task_status: return take_task_status(text, envelope);
    case Method::listening: return take_listening(text, envelope);
    default: break;
  }
  if (const Flight* flight = addressee(about)) {
    outputs_.emplace_back(ToClient{
        .downstream = flight->downstream, .call = flight->call, .text = std::string{text}});
  } else if (options_.owner) {
    outputs_.emplace_back(
        ToClient{.downstream = options_.owner->downstream, .text = std::string{text}});
  }
}

void Link::take_progress(std::string_view text, const mcp::Envelope& envelope) {
  const auto number = mcp::integer_value(envelope.params_progress_token.in(text));
  if (!number) return;
  const auto token = static_cast<std::uint64_t>(*number);
  DownstreamId downstream;
  CallId call;
  std::string_view named;
  if (const auto found = flights_.find(token); found != flights_.end()) {
    downstream = found->second.downstream;
    call = found->second.call;
    named = found->second.progress_token;
    if (!call) return;  // parked: the client's request is over
  } else if (const auto task = tasks_.progress(token)) {
    downstream = task->owner;
    named = task->token;
  }
  if (named.empty()) return;
  outputs_.emplace_back(ToClient{.downstream = downstream,
                                 .call = call,
                                 .text = mcp::splice(text, envelope.params_progress_token, named)});
}

void Link::take_log(std::string_view text, const mcp::Envelope& envelope, CallId about) {
  const int level = log_level_of(mcp::string_value(envelope.params_level.in(text)).value_or(""));
  const Flight* flight = addressee(about);
  if (flight == nullptr && flights_.empty() && ghosts_.empty() && only_session_) {
    const int least = interests_.log_level(only_session_);
    if (level < least) return;
    outputs_.emplace_back(ToClient{.downstream = only_session_, .text = std::string{text}});
  }
  if (flight == nullptr) return;
  int least = flight->log_level;
  if (flight->era != mcp::Era::modern) {
    const int session = interests_.log_level(flight->downstream);
    if (session >= 0) least = session;
    // Who never said gets what the server sends by itself, not what another asked for.
    if (least < 0) least = log_level_of(told_level_ >= 0 ? "info" : "debug");
  }
  if (least < 0 || level < least) return;
  outputs_.emplace_back(
      ToClient{.downstream = flight->downstream, .call = flight->call, .text = std::string{text}});
}

void Link::take_task_status(std::string_view text, const mcp::Envelope& envelope) {
  const auto id = mcp::string_value(envelope.params_task_id.in(text));
  const DownstreamId owner = id ? tasks_.owner(*id) : DownstreamId{};
  if (!owner) return;
  outputs_.emplace_back(ToClient{.downstream = owner, .text = std::string{text}});
  if (has_ended(mcp::member(envelope.params.in(text), "status"))) tasks_.ended(*id);
}

/// The server has read a cancellation once it answers a request that was sent later;
/// until then it may still speak of what was cancelled.
void Link::lay_ghosts(std::uint64_t answered) {
  std::erase_if(ghosts_, [answered](const Ghost& ghost) {
    return answered == ghost.id || answered > ghost.last_sent;
  });
}

Flight* Link::on_stream(CallId about) {
  if (Flight* flight = find(about)) return flight;
  for (auto& [id, flight] : flights_) {
    if (flight.stream == about) return &flight;
  }
  return nullptr;
}

/// The newest request, provided that all the server may be busy with are one client's.
Flight* Link::only_holder() {
  Flight* newest = nullptr;
  for (auto& [id, flight] : flights_) {
    if (newest != nullptr && newest->downstream != flight.downstream) return nullptr;
    newest = &flight;
  }
  if (newest == nullptr) return nullptr;
  const bool haunted = std::ranges::any_of(
      ghosts_, [&](const Ghost& ghost) { return ghost.downstream != newest->downstream; });
  return haunted ? nullptr : newest;
}

/// The call that a message means which names no request.
Flight* Link::addressee(CallId about) {
  Flight* flight = about ? on_stream(about) : only_holder();
  return flight != nullptr && flight->call ? flight : nullptr;
}

}  // namespace mcpctl::relay
