// A server's own requests.  A legacy server sends them as requests; a legacy client
// gets them so, on the stream of its call, and a modern one as the end of its call:
// input_required, after which its retry finds the call parked.  A modern server ends
// its request with input_required; a legacy client is then asked one by one, and the
// request is sent again with its answers (MCP 2026-07-28, multi round-trip requests).
#include <algorithm>
#include <string>
#include <utility>

#include "mcp/message.h"
#include "mcp/raw.h"
#include "mcp/splice.h"
#include "relay/edits.h"
#include "relay/link.h"
#include "relay/message.h"

namespace mcpctl::relay {
namespace {

/// Each holds a request at the server; the eldest gives way.
constexpr std::size_t most_parked = 64;

/// A server that wants more input each time would otherwise keep a call for good.
constexpr unsigned most_rounds = 32;

std::string question_of(std::string_view text, const mcp::Envelope& envelope) {
  std::string members = "\"method\":";
  members += envelope.method.in(text);
  if (envelope.params) {
    members += ",\"params\":";
    members += envelope.params.in(text);
  }
  return members;
}

std::string key_of(const Ask& ask) { return "ask-" + std::to_string(ask.id); }

auto find_ask(std::vector<Ask>& asks, std::string_view raw_id) {
  const auto id = mcp::integer_value(raw_id);
  return std::ranges::find_if(
      asks, [&](const Ask& ask) { return id && ask.id == static_cast<std::uint64_t>(*id); });
}

}  // namespace

void Link::take_request(std::string_view text, const mcp::Envelope& envelope, CallId about) {
  const std::string_view id = envelope.id.in(text);
  const Method method = method_of(envelope.method.in(text));
  if (method == Method::ping) return to_server(mcp::empty_response(id), 0, {}, {});
  const bool known =
      method == Method::sampling || method == Method::elicitation || method == Method::roots;
  if (is_modern() || !known) {
    return decline(id, mcp::error_code::method_not_found, "method not found");
  }
  const std::string_view params = envelope.params.in(text);
  // A parked call may ask on: the next retry will hear it.
  Flight* flight = about ? on_stream(about) : only_holder();
  // Among several requests of a modern client's, nothing says which one to end.
  const bool ambiguous =
      flight != nullptr && !about && flight->era == mcp::Era::modern && flights_.size() > 1;
  if (flight == nullptr && options_.owner && options_.owner->abilities.allow(method, params)) {
    return ask_owner(text, envelope, method);
  }
  if (flight == nullptr || ambiguous) {
    return decline(id, error_code::declined, "no client can be told to be the one to answer");
  }
  const bool can_end = flight->era != mcp::Era::modern || may_need_input(flight->method);
  if (!can_end || !flight->abilities.allow(method, params)) {
    return decline(id, mcp::error_code::method_not_found, "the client did not declare this");
  }
  ask(*flight, text, envelope, method);
}

void Link::ask(Flight& flight, std::string_view text, const mcp::Envelope& envelope,
               Method method) {
  if (!flight.rounds) flight.rounds = std::make_unique<Rounds>();
  Ask& ask = flight.rounds->asks.emplace_back();
  ask.id = options_.take_ask_id();
  ask.origin = envelope.id.in(text);
  ask.method = method;
  if (flight.era == mcp::Era::modern) {
    ask.question = question_of(text, envelope);
    if (flight.call) park(flight);
    return;
  }
  outputs_.emplace_back(ToClient{.downstream = flight.downstream,
                                 .call = flight.call,
                                 .text = mcp::splice(text, envelope.id, Digits{ask.id}),
                                 .asks = ask.id});
}

void Link::ask_owner(std::string_view text, const mcp::Envelope& envelope, Method method) {
  Ask& ask = owner_asks_.emplace_back();
  ask.id = options_.take_ask_id();
  ask.origin = envelope.id.in(text);
  ask.method = method;
  outputs_.emplace_back(ToClient{.downstream = options_.owner->downstream,
                                 .text = mcp::splice(text, envelope.id, Digits{ask.id}),
                                 .asks = ask.id});
}

void Link::decline(std::string_view raw_id, int code, std::string_view why) {
  to_server(mcp::error_response(raw_id, code, why), 0, {}, {});
}

/// The server no longer wants an answer to the request that it names so; or it ends a
/// subscription (modern, stdio).
void Link::withdraw(std::string_view raw_request_id) {
  if (is_modern()) {
    const auto id = mcp::integer_value(raw_request_id);
    if (id) listen_ended(static_cast<std::uint64_t>(*id), false);
    return;
  }
  const auto take_from = [&](std::vector<Ask>& asks, DownstreamId downstream, CallId call,
                             bool tell) {
    const auto ask = std::ranges::find(asks, raw_request_id, &Ask::origin);
    if (ask == asks.end()) return;
    if (tell) {
      outputs_.emplace_back(ToClient{
          .downstream = downstream, .call = call, .text = cancelled_message(Digits{ask->id}, {})});
    }
    asks.erase(ask);
  };
  for (auto& [id, flight] : flights_) {
    const bool tell = flight.era != mcp::Era::modern;
    if (flight.rounds) take_from(flight.rounds->asks, flight.downstream, flight.call, tell);
  }
  if (options_.owner) take_from(owner_asks_, options_.owner->downstream, {}, true);
}

void Link::answer(CallId about, const Request& response) {
  const mcp::Envelope& envelope = response.envelope;
  if (is_closed_) return;
  if (envelope.kind != mcp::Kind::response && envelope.kind != mcp::Kind::error) return;
  Flight* flight = find(about);
  if (about && (flight == nullptr || !flight->rounds)) return;
  std::vector<Ask>& asks = about ? flight->rounds->asks : owner_asks_;
  const auto ask = find_ask(asks, envelope.id.in(response.text));
  if (ask == asks.end()) return;
  if (is_modern()) return take_input(*flight, *ask, response);
  to_server(mcp::splice(response.text, envelope.id, ask->origin), 0, about, {});
  asks.erase(ask);
}

/// Ends the modern client's request with the questions asked so far.
void Link::park(Flight& flight) {
  if (parked_.size() >= most_parked) {
    const auto eldest =
        std::ranges::find_if(flights_, [](const auto& entry) { return entry.second.is_parked(); });
    abandon(eldest->second, json_string("too many wait for their clients"));
  }
  Rounds& rounds = *flight.rounds;
  std::string requests = "{";
  for (const Ask& ask : rounds.asks) {
    if (requests.size() > 1) requests += ',';
    requests += '"' + key_of(ask) + "\":{" + ask.question + '}';
  }
  requests += '}';
  rounds.token = options_.make_token();
  respond(flight.call, flight.downstream,
          input_required_message(flight.client_id, requests, rounds.token));
  calls_.erase(flight.call.value);
  flight.call = {};
  parked_.emplace(rounds.token, &flight);
}

/// The modern client asks again, with answers.
void Link::resume(CallId call, const Asker& asker, const Request& request, Method method) {
  const mcp::Envelope& envelope = request.envelope;
  const auto token = mcp::string_value(envelope.params_request_state.in(request.text));
  const auto found = token ? parked_.find(*token) : parked_.end();
  const bool is_own = found != parked_.end() && found->second->method == method &&
                      found->second->principal == asker.principal;
  if (!is_own) {
    return refuse(call, asker, request, mcp::error_code::invalid_params,
                  "unknown or expired requestState: send the request again without it");
  }
  Flight& flight = *found->second;
  parked_.erase(found);
  flight.rounds->token.clear();
  flight.call = call;
  flight.downstream = asker.downstream;
  flight.client_id = envelope.id.in(request.text);
  flight.progress_token = envelope.meta_progress_token.in(request.text);
  flight.log_level = log_level_of(asker.log_level);
  flight.abilities = abilities_of(asker.capabilities);
  calls_.emplace(call.value, &flight);

  const std::string_view answers = envelope.params_input_responses.in(request.text);
  std::erase_if(flight.rounds->asks, [&](const Ask& ask) {
    const std::string_view given = mcp::member(answers, key_of(ask));
    if (given.empty()) return false;
    to_server(result_message(ask.origin, given), 0, call, {});
    return true;
  });
  if (!flight.rounds->late.empty()) {
    const std::string late = std::exchange(flight.rounds->late, {});
    if (const auto late_envelope = mcp::scan(late)) deliver_answer(flight, late, *late_envelope);
    return;
  }
  if (!flight.rounds->asks.empty()) park(flight);
}

void Link::expire(std::string_view token) {
  const auto found = parked_.find(token);
  if (found != parked_.end()) abandon(*found->second, json_string("the client did not go on"));
}

/// A modern server wants input from a legacy client.
void Link::gather_input(Flight& flight, std::string_view text, const mcp::Envelope& envelope) {
  Rounds& rounds = *flight.rounds;
  const std::string_view result = envelope.result.in(text);
  rounds.request_state = mcp::member(result, "requestState");
  if (++rounds.count > most_rounds) {
    return end_with_error(flight, mcp::error_code::internal_error,
                          "the server wants input without end");
  }
  mcp::RawObject requests{mcp::member(result, "inputRequests")};
  while (const auto wanted = requests.next()) {
    const std::string_view raw_method = mcp::member(wanted->value, "method");
    const std::string_view params = mcp::member(wanted->value, "params");
    Ask& ask = rounds.asks.emplace_back();
    ask.id = options_.take_ask_id();
    ask.origin = wanted->key;
    ask.method = method_of(raw_method);
    if (!flight.abilities.allow(ask.method, params)) {
      rounds.asks.pop_back();
      return end_with_error(flight, mcp::error_code::internal_error,
                            "the server asks for what the client did not declare");
    }
    outputs_.emplace_back(ToClient{.downstream = flight.downstream,
                                   .call = flight.call,
                                   .text = request_message(Digits{ask.id}, raw_method, params),
                                   .asks = ask.id});
  }
  if (rounds.asks.empty()) retry(flight);
}

void Link::take_input(Flight& flight, Ask& ask, const Request& response) {
  const mcp::Envelope& envelope = response.envelope;
  if (envelope.kind == mcp::Kind::response) {
    ask.answer = envelope.result.in(response.text);
  } else if (ask.method == Method::elicitation) {
    ask.answer = R"({"action":"cancel"})";
  } else {
    ask.answer = "null";  // answered, if only with a refusal
    return end_with_error(flight, mcp::error_code::internal_error,
                          "the client refused to answer the server");
  }
  const auto& asks = flight.rounds->asks;
  if (std::ranges::all_of(asks, [](const Ask& each) { return !each.answer.empty(); })) {
    retry(flight);
  }
}

void Link::retry(Flight& flight) {
  Rounds& rounds = *flight.rounds;
  std::string members;
  if (!rounds.asks.empty()) {
    members = "\"inputResponses\":{";
    for (const Ask& ask : rounds.asks) {
      if (!members.ends_with('{')) members += ',';
      members += ask.origin + ':' + ask.answer;
    }
    members += '}';
  }
  if (!rounds.request_state.empty()) {
    if (!members.empty()) members += ',';
    members += "\"requestState\":" + rounds.request_state;
  }
  rounds.asks.clear();

  auto node = flights_.extract(flight.id);
  flight.id = node.key() = options_.take_id();
  flights_.insert(std::move(node));
  send(flight, rounds.asker, rounds.original,
       addressed_to_server(flight, rounds.asker, rounds.original, members));
}

}  // namespace mcpctl::relay
