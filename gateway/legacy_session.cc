#include "gateway/legacy_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/reply.h"
#include "mcp/raw.h"
#include "relay/message.h"

namespace mcpctl::gateway {
namespace {

namespace code = mcp::error_code;

/// How long a client may be away and still get what it missed.
constexpr Duration memory{60'000};
/// What is kept for a client that has not opened its own stream yet.
constexpr std::uint64_t first_events = 32;
constexpr std::string_view priming_since = "2025-11-25";
constexpr std::string_view batches_in = "2025-03-26";

constexpr std::array<std::string_view, 8> levels{"debug", "info",     "notice", "warning",
                                                 "error", "critical", "alert",  "emergency"};

}  // namespace

LegacySession::LegacySession(Floor& floor, Terms terms, relay::Asker asker)
    : floor_(floor), terms_(std::move(terms)) {
  downstream_ = floor_.backend.connect(terms_.server, std::move(asker), *this);
}

LegacySession::~LegacySession() {
  calls_.clear();
  for (Stream& stream : streams_) {
    if (stream.waiting) floor_.legacy_patience.leave(*stream.waiting);
    if (stream.answer && !stream.begun) {
      stream.answer->respond(
          error_reply(404, {}, relay::error_code::server_gone, "the session has ended"));
    }
  }
}

std::size_t LegacySession::open_streams() const {
  const auto count = std::ranges::count_if(
      streams_, [](const Stream& stream) { return stream.begun && stream.answer; });
  return static_cast<std::size_t>(count) + (own_ && own_->is_open() ? 1 : 0);
}

bool LegacySession::primes() const { return terms_.revision >= priming_since; }

// --- what comes ----------------------------------------------------------------

void LegacySession::post(Answer answer, relay::Request&& message) {
  const mcp::Envelope& envelope = message.envelope;
  switch (envelope.kind) {
    case mcp::Kind::batch: return post_batch(std::move(answer), message);
    case mcp::Kind::response:
    case mcp::Kind::error:
      downstream_->answer(std::move(message));
      return answer.respond(accepted());
    case mcp::Kind::notification:
      take_notification(std::move(message));
      return answer.respond(accepted());
    case mcp::Kind::request: break;
  }
  const std::string_view id = envelope.id.in(message.text);
  const Visit& visit = answer.visit();
  if (const auto refusal = refuse(message, visit.method, visit.tool)) {
    return answer.respond(
        error_reply(refusal->status, id, refusal->code, refusal->message, refusal->data));
  }
  if (auto text = answer_here(visit.method, message)) {
    return answer.respond(json_reply(200, std::move(*text)));
  }
  start(open_stream(std::move(answer), 1, false), std::move(message));
}

std::optional<Refusal> LegacySession::refuse(const relay::Request& request, std::string_view method,
                                             std::string_view tool) const {
  const mcp::Envelope& envelope = request.envelope;
  if (!floor_.admission.may_ask(terms_.principal, terms_.server, method, tool)) {
    return Refusal{403, forbidden, "this token's scopes do not allow that"};
  }
  if (calls_.contains(envelope.id.in(request.text))) {
    return Refusal{400, code::invalid_request, "a request with this id is under way"};
  }
  if (calls_.size() >= floor_.config.max_in_flight) {
    return Refusal{429, relay::error_code::overloaded,
                   "too many requests of this session are under way"};
  }
  return std::nullopt;
}

void LegacySession::post_batch(Answer answer, const relay::Request& batch) {
  if (terms_.revision != batches_in) {
    return answer.respond(error_reply(400, {}, code::invalid_request,
                                      "batches belong to the revision " + std::string{batches_in}));
  }
  std::vector<relay::Request> requests;
  std::vector<std::string> refused;
  for (const std::string_view element : mcp::batch_elements(batch.text)) {
    auto message = relay::read_request(std::string{element});
    if (!message || message->envelope.kind == mcp::Kind::batch) {
      refused.push_back(error_text({}, code::invalid_request, "this is no message"));
    } else if (message->envelope.kind == mcp::Kind::request) {
      message->trace = batch.trace;
      requests.push_back(std::move(*message));
    } else if (message->envelope.kind == mcp::Kind::notification) {
      take_notification(std::move(*message));
    } else {
      downstream_->answer(std::move(*message));
    }
  }
  if (requests.empty() && refused.empty()) return answer.respond(accepted());
  const auto stream = open_stream(std::move(answer), requests.size() + refused.size(), true);
  begin(*stream);
  // Each answer may be the last of its stream, which is then gone: the count knows.
  for (const std::string& text : refused) respond(stream, text);
  for (relay::Request& request : requests) {
    const std::string id{request.envelope.id.in(request.text)};
    const mcp::Envelope& envelope = request.envelope;
    const auto method = mcp::string_value(envelope.method.in(request.text)).value_or("");
    const auto tool = mcp::string_value(envelope.params_name.in(request.text)).value_or("");
    if (const auto refusal = refuse(request, method, tool)) {
      respond(stream, error_text(id, refusal->code, refusal->message, refusal->data));
    } else if (const auto text = answer_here(method, request)) {
      respond(stream, *text);
    } else {
      start(stream, std::move(request));
    }
  }
}

std::optional<std::string> LegacySession::answer_here(std::string_view method,
                                                      const relay::Request& request) {
  const std::string_view id = request.envelope.id.in(request.text);
  if (method == "ping") return relay::result_message(id, "{}");
  if (method == "initialize") {
    return error_text(id, code::invalid_request, "this session is initialized already");
  }
  if (method != "logging/setLevel") return std::nullopt;
  if (!terms_.logs) return error_text(id, code::method_not_found, "this server does not log");
  const auto level =
      mcp::string_value(mcp::member(request.envelope.params.in(request.text), "level"));
  if (!level || std::find(levels.begin(), levels.end(), *level) == levels.end()) {
    return error_text(id, code::invalid_params, "\"level\" is none of the levels of RFC 5424");
  }
  downstream_->set_log_level(*level);
  return relay::result_message(id, "{}");
}

void LegacySession::take_notification(relay::Request message) {
  const std::string_view method = message.envelope.method.in(message.text);
  if (mcp::is_string(method, "notifications/initialized")) return;
  if (mcp::is_string(method, "notifications/cancelled")) return cancel(message);
  downstream_->notify(std::move(message));
}

void LegacySession::cancel(const relay::Request& notification) {
  const mcp::Envelope& envelope = notification.envelope;
  const auto found = calls_.find(envelope.params_request_id.in(notification.text));
  if (found == calls_.end()) return;  // it was answered meanwhile
  Request& request = found->second;
  request.call->cancel(mcp::member(envelope.params.in(notification.text), "reason"));
  const auto stream = request.stream;
  end(request);
  if (!stream->begun && stream->answer) stream->answer->respond(accepted());
  if (--stream->pending == 0) close(stream);
}

// --- streams of requests -------------------------------------------------------

LegacySession::Streams::iterator LegacySession::open_stream(Answer answer, std::size_t pending,
                                                            bool is_batch) {
  const auto stream = streams_.emplace(streams_.end(), *this, ++last_stream_);
  stream->pending = pending;
  stream->is_batch = is_batch;
  attach(*stream, std::move(answer));
  if (!is_batch) stream->waiting = floor_.legacy_patience.enter(*stream);
  return stream;
}

void LegacySession::attach(Stream& stream, Answer answer) {
  stream.answer = std::move(answer);
  stream.answer->on_disconnect([&stream] { stream.answer.reset(); });
}

void LegacySession::start(Streams::iterator stream, relay::Request&& message) {
  const std::string_view id = message.envelope.id.in(message.text);
  auto& [raw_id, request] = *calls_.try_emplace(std::string{id}, *this, stream).first;
  request.raw_id = &raw_id;
  request.call = downstream_->call(std::move(message), request);
}

void LegacySession::Stream::waited() noexcept {
  waiting.reset();
  session.begin(*this);
}

void LegacySession::begin(Stream& stream) {
  // A client that went before it had an id to come back with will not come back.
  if (stream.begun || !stream.answer) return;
  stream.begun = true;
  if (stream.waiting) floor_.legacy_patience.leave(*std::exchange(stream.waiting, {}));
  stream.answer->begin();
  if (primes()) stream.answer->prime(text_of({stream.number, 0}));
}

void LegacySession::send(Stream& stream, std::string_view text) {
  begin(stream);
  if (!stream.begun) return;
  const EventId id{stream.number, ++stream.last_event};
  store_.add(id, text, floor_.loop.now());
  if (!stream.answer) return;
  stream.answer->event(text_of(id), text);
  if (!stream.answer->is_open()) stream.answer.reset();
}

void LegacySession::respond(Streams::iterator stream, std::string text) {
  if (!stream->begun && !stream->is_batch) {
    if (stream->answer) stream->answer->respond(json_reply(200, std::move(text)));
  } else {
    send(*stream, text);
  }
  if (--stream->pending == 0) close(stream);
}

void LegacySession::close(Streams::iterator stream) {
  if (stream->waiting) floor_.legacy_patience.leave(*stream->waiting);
  if (stream->answer) stream->answer->finish();
  streams_.erase(stream);
}

void LegacySession::Request::on_message(std::string_view text) noexcept {
  session.send(*stream, text);
}

void LegacySession::Request::on_response(std::string text) noexcept {
  session.respond(stream, std::move(text));
  session.end(*this);
}

/// Called from inside its own callbacks, so that it must not go at once; its Call must.
void LegacySession::end(Request& request) {
  request.call.reset();
  floor_.loop.dispose(calls_.extract(*request.raw_id));
}

// --- its own stream, and coming back -------------------------------------------

void LegacySession::get(Answer answer, std::string_view last_event_id) {
  if (!last_event_id.empty()) {
    const auto id = read_event_id(last_event_id);
    if (!id || id->stream > last_stream_) {
      return answer.respond(
          error_reply(400, {}, code::invalid_request, "no event has this Last-Event-ID"));
    }
    return resume(std::move(answer), *id);
  }
  answer.begin();
  if (primes()) answer.prime(text_of({0, own_sent_}));
  if (own_) own_->finish();  // a client that lost it may not have told us
  own_ = std::move(answer);
  own_->on_disconnect([this] { own_.reset(); });
  for (const auto& event :
       store_.after({0, own_sent_}).value_or(std::vector<EventStore::Event>{})) {
    own_->event(text_of(event.id), event.text);
  }
  own_sent_ = own_last_event_;
}

void LegacySession::resume(Answer answer, EventId after) {
  const auto events = store_.after(after);
  const auto live = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& stream) {
    return stream.number == after.stream;
  });
  const bool is_own = after.stream == 0;
  const bool goes_on = is_own || (live != streams_.end() && live->begun);
  if (!events || (events->empty() && !goes_on)) {
    return answer.respond(
        error_reply(400, {}, code::invalid_request, "what followed this event is not kept"));
  }
  answer.begin();
  if (primes()) answer.prime(text_of(after));
  for (const auto& event : *events) answer.event(text_of(event.id), event.text);
  if (!goes_on) return answer.finish();
  if (is_own) {
    if (own_) own_->finish();
    own_ = std::move(answer);
    own_->on_disconnect([this] { own_.reset(); });
    own_sent_ = own_last_event_;
  } else {
    if (live->answer) live->answer->finish();
    attach(*live, std::move(answer));
  }
}

void LegacySession::on_message(std::string_view text) noexcept {
  const bool never_listened = own_sent_ == 0 && !own_;
  if (never_listened && own_last_event_ >= first_events) return;
  const EventId id{0, ++own_last_event_};
  store_.add(id, text, floor_.loop.now());
  if (!own_) return;
  own_->event(text_of(id), text);
  if (own_->is_open()) {
    own_sent_ = id.number;
  } else {
    own_.reset();
  }
}

void LegacySession::forget(Instant now) { store_.forget({now.since_start - memory}); }

}  // namespace mcpctl::gateway
