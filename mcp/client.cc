#include "mcp/client.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"
#include "mcp/raw.h"
#include "mcp/text.h"

namespace mcpctl::mcp {
namespace {

constexpr std::size_t label_limit = 256;           // bytes of a server's name, title, version
constexpr std::size_t capabilities_limit = 16384;  // bytes
constexpr std::size_t raw_id_limit = 1024;         // bytes of a request id that we echo
constexpr std::size_t batch_limit = 1000;          // messages
constexpr std::uint64_t noise_told_singly = 16;

constexpr std::string_view discover_method = "server/discover";
constexpr std::string_view server_info_key = "io.modelcontextprotocol/serverInfo";

std::string label(std::string_view raw) {
  return printable(string_value(raw).value_or(std::string{}), label_limit);
}

/// "error -32601: Method not found"
std::string describe_error(std::string_view error) {
  const auto code = integer_value(member(error, "code"));
  const auto message = string_value(member(error, "message"));
  std::string text = code ? "error " + std::to_string(*code) : std::string{"an error"};
  if (message) text += ": " + printable(*message, label_limit);
  return text;
}

std::string list_names(std::string_view raw_array) {
  std::string names;
  RawArray array{raw_array};
  while (const auto element = array.next()) {
    if (!names.empty()) names += ", ";
    names += label(*element);
    if (names.size() > label_limit) break;
  }
  return names;
}

}  // namespace

std::string_view name(Probe probe) {
  switch (probe) {
    case Probe::ping: return "ping";
    case Probe::discover: return discover_method;
    case Probe::tools_list: return "tools/list";
  }
  return "?";
}

void Client::begin(Instant now) {
  MCPCTL_ASSERT(phase_ == Phase::fresh);
  phase_ = Phase::probing_era;
  if (options_.skip_discover) {
    send_initialize(now);
  } else {
    send_discover(now);
  }
}

std::vector<Output> Client::take_outputs() {
  std::vector<Output> taken;
  taken.swap(outputs_);
  return taken;
}

// --- what we send

void Client::send_request(Pending& slot, std::string text, std::string_view method, Instant now,
                          std::optional<Duration> timeout) {
  slot = Pending{last_id_, now, std::nullopt};
  if (timeout) slot.deadline = now + *timeout;
  std::string_view revision = identity_.protocol_version;
  if (method == discover_method) revision = newest_modern;
  outputs_.emplace_back(Send{std::move(text), method, slot.id, revision});
}

void Client::send_discover(Instant now) {
  discover_sent_ = true;
  send_request(discover_, discover_request(take_id(), options_.client), discover_method, now,
               first_look());
}

void Client::send_initialize(Instant now) {
  initialize_sent_ = true;
  const Introduction us = introduction_of(options_.client, options_.capabilities);
  const Introduction* told = options_.client_of_its_own;
  send_request(initialize_, initialize_request(take_id(), told != nullptr ? *told : us),
               "initialize", now, std::nullopt);
}

bool Client::probe(Probe asked, Duration timeout, Instant now) {
  if (phase_ != Phase::ready || probe_request_) return false;
  const bool modern = identity_.era == Era::modern;
  probe_ = asked;
  if (probe_ == Probe::ping && modern) probe_ = Probe::discover;
  if (probe_ == Probe::discover && !modern) probe_ = Probe::ping;
  if (probe_ == Probe::ping && ping_unanswered_) probe_ = Probe::tools_list;
  const std::uint64_t id = take_id();
  std::string text;
  switch (probe_) {
    case Probe::ping: text = ping_request(id); break;
    case Probe::discover: text = discover_request(id, options_.client); break;
    case Probe::tools_list:
      text = tools_list_request(id, identity_.era, options_.client, std::nullopt);
      break;
  }
  send_request(probe_request_, std::move(text), name(probe_), now, timeout);
  return true;
}

void Client::abandon_probe() { probe_request_ = {}; }

// --- what we receive

Receipt Client::receive(std::string_view message, Instant now) {
  const auto envelope = scan(message);
  if (envelope) return receive(*envelope, message, now);
  record_noise(message, envelope.error().what);
  return Receipt::noise;
}

Receipt Client::receive(const Envelope& envelope, std::string_view message, Instant now) {
  switch (envelope.kind) {
    case Kind::request: return take_request(envelope, message);
    case Kind::notification:
      if (is_string(envelope.method.in(message), "notifications/tools/list_changed")) {
        tools_changed(now);
      }
      return Receipt::unclaimed;
    case Kind::response:
    case Kind::error: return take_answer(envelope, message, now);
    case Kind::batch: return take_batch(message, now);
  }
  return Receipt::unclaimed;
}

Receipt Client::take_batch(std::string_view batch, Instant now) {
  Receipt receipt = Receipt::unclaimed;
  RawArray elements{batch};
  for (std::size_t i = 0; i < batch_limit; ++i) {
    const auto element = elements.next();
    if (!element) return receipt;
    const auto envelope = scan(*element);
    if (!envelope || envelope->kind == Kind::batch) {
      record_noise(*element, envelope ? "batch inside a batch" : envelope.error().what);
    } else if (receive(*envelope, *element, now) == Receipt::taken) {
      receipt = Receipt::taken;
    }
  }
  if (elements.next()) record_noise(batch, "rest of an overlong batch");
  return receipt;
}

Receipt Client::take_request(const Envelope& envelope, std::string_view message) {
  const std::string_view id = envelope.id.in(message);
  if (id.size() > raw_id_limit) {
    record_noise(message, "request with an id too long to echo");
    return Receipt::noise;
  }
  // Modern servers must not send requests, and must not be answered (MCP
  // 2026-07-28, "stdio").
  if (identity_.era == Era::modern) {
    record_noise(message, "request from a modern server");
    return Receipt::noise;
  }
  if (is_string(envelope.method.in(message), "ping")) {
    outputs_.emplace_back(Send{empty_response(id), {}, 0, identity_.protocol_version});
    return Receipt::taken;
  }
  const bool is_declared = options_.client_of_its_own != nullptr || options_.capabilities != "{}";
  if (is_declared) return Receipt::unclaimed;
  refuse(envelope, message);
  return Receipt::taken;
}

void Client::refuse(const Envelope& request, std::string_view message) {
  outputs_.emplace_back(
      Send{error_response(request.id.in(message), error_code::method_not_found, "Method not found"),
           {},
           0,
           identity_.protocol_version});
}

Client::Pending* Client::find_pending(const Envelope& envelope, std::string_view message) {
  const std::string_view raw_id = envelope.id ? envelope.id.in(message) : std::string_view{"null"};
  if (raw_id == "null") {
    // An error without an id is about a request that the server could not read.
    // During the handshake nothing else of ours is on its way.
    if (phase_ != Phase::probing_era) return nullptr;
    if (discover_) return &discover_;
    return initialize_ ? &initialize_ : nullptr;
  }
  const auto id = integer_value(raw_id);
  if (!id || *id <= 0) return nullptr;
  for (Pending* slot : {&discover_, &initialize_, &tools_request_, &probe_request_}) {
    if (slot->id == static_cast<std::uint64_t>(*id)) return slot;
  }
  if (static_cast<std::uint64_t>(*id) == lapsed_ping_) {
    // Slow, but not deaf: pings prove life here after all.
    lapsed_ping_ = 0;
    ping_timed_out_ = false;
    ping_unanswered_ = false;
  }
  return nullptr;
}

Receipt Client::take_answer(const Envelope& envelope, std::string_view message, Instant now) {
  Pending* slot = find_pending(envelope, message);
  if (slot == nullptr) return Receipt::unclaimed;
  const bool refused = envelope.kind == Kind::error;
  const std::string_view body = (refused ? envelope.error : envelope.result).in(message);
  if (slot == &probe_request_) {
    probe_answered(now);
  } else if (slot == &tools_request_) {
    *slot = {};
    refused ? listing_failed(describe_error(body), now) : take_tools_page(body, now);
  } else if (slot == &discover_) {
    *slot = {};
    discover_answered_ = true;
    refused ? discover_refused(body, now) : discovered(body, now);
  } else {
    *slot = {};
    refused ? initialize_refused(describe_error(body), now) : initialized(body, now);
  }
  return Receipt::taken;
}

void Client::request_failed(std::uint64_t id, std::string_view why, Instant now, bool unsent) {
  if (id == 0) return;
  if (id == probe_request_.id) {
    probe_failed(std::string{why});
  } else if (id == tools_request_.id) {
    tools_request_ = {};
    listing_failed(std::string{why}, now);
  } else if (id == discover_.id) {
    discover_ = {};
    if (unsent && !initialize_) return fail_handshake("cannot initialize: " + std::string{why});
    fall_back(now);
  } else if (id == initialize_.id) {
    initialize_ = {};
    initialize_refused(std::string{why}, now);
  }
}

void Client::record_noise(std::string_view message, std::string_view why) {
  ++noise_;
  if (noise_ > noise_told_singly && !std::has_single_bit(noise_)) return;
  outputs_.emplace_back(NoiseSeen{noise_, std::string{why}, printable(message, 200)});
}

// --- the handshake
//
// server/discover first.  A DiscoverResult, or the error that only modern servers
// know, decides for modern; anything else, or silence, brings `initialize`.  Both
// may then be on their way, and a dual-era server will answer both.  It has turned
// legacy by then (the TypeScript SDK's stdio server does), so the answer to
// `initialize` decides, and a late DiscoverResult counts only if that one fails.

void Client::discovered(std::string_view result, Instant now) {
  const std::string_view supported = member(result, "supportedVersions");
  if (!supported.starts_with('[')) return fall_back(now);  // it answers anything with a result
  choose_revision(supported, result, now);
}

void Client::discover_refused(std::string_view error, Instant now) {
  if (integer_value(member(error, "code")) != error_code::unsupported_protocol_version) {
    return fall_back(now);
  }
  choose_revision(member(member(error, "data"), "supported"), {}, now);
}

/// Takes the newest revision that both know.  `result` is empty when the server
/// has named its revisions in an error, and so has not told who it is.
void Client::choose_revision(std::string_view supported, std::string_view result, Instant now) {
  bool knows_legacy = !supported.starts_with('[');  // unnamed: initialize will tell
  RawArray names{supported};
  while (const auto element = names.next()) {
    const auto revision = find_revision(string_value(*element).value_or(std::string{}));
    if (!revision) continue;
    if (revision->era == Era::modern) return modern_agreed(*revision, result, now);
    knows_legacy = true;
  }
  if (knows_legacy) return fall_back(now);
  if (initialize_) return;  // sent meanwhile; its answer decides
  fail_handshake("cannot agree on a protocol revision: server speaks only " +
                 list_names(supported));
}

void Client::modern_agreed(const Revision& revision, std::string_view result, Instant now) {
  if (initialize_) {
    late_modern_ = LateModern{revision, std::string{result}};
    initialize_.deadline = now + options_.discover_timeout;
    return;
  }
  const std::string_view info = member(member(result, "_meta"), server_info_key);
  complete_handshake(revision, result, info, now);
}

void Client::initialized(std::string_view result, Instant now) {
  const auto version = string_value(member(result, "protocolVersion"));
  if (!version) return initialize_refused("its answer names no protocol revision", now);
  const auto revision = find_revision(*version);
  if (!revision || revision->era != Era::legacy) {
    return initialize_refused("server answered protocol revision " + printable(*version, 64) +
                                  ", which mcpctl does not speak after initialize",
                              now);
  }
  complete_handshake(*revision, result, member(result, "serverInfo"), now);
}

void Client::initialize_refused(std::string why, Instant now) {
  if (late_modern_) return settle_for_modern(now);
  if (initialize_error_.empty()) initialize_error_ = std::move(why);
  if (!discover_sent_) return send_discover(now);  // skipped, but it may be modern after all
  if (!discover_) return fail_handshake("cannot initialize: " + initialize_error_);
  discover_.deadline = now + options_.discover_timeout;  // its answer is the last hope
}

void Client::settle_for_modern(Instant now) {
  initialize_ = {};
  const LateModern late = *std::exchange(late_modern_, std::nullopt);
  modern_agreed(late.revision, late.result, now);
}

/// The clock of an unread question has not begun.  Nobody tells us when it is read: we
/// look, soon at first, and the longer it lies there the more rarely.
void Client::discover_unanswered(bool unread, Instant now) {
  if (discover_read_) return fall_back(now);
  discover_read_ = !unread;
  discover_.deadline = now + (unread ? std::max(first_look(), (now - discover_.sent) / 2)
                                     : options_.discover_timeout - first_look());
}

/// server/discover has not decided for modern.
void Client::fall_back(Instant now) {
  if (!initialize_error_.empty()) {
    fail_handshake("cannot initialize: " + initialize_error_);
  } else if (!initialize_sent_) {
    send_initialize(now);
  }
}

void Client::complete_handshake(const Revision& revision, std::string_view result,
                                std::string_view server_info, Instant now) {
  const std::string_view capabilities = member(result, "capabilities");
  identity_.era = revision.era;
  identity_.protocol_version = revision.name;
  identity_.name = label(member(server_info, "name"));
  identity_.title = label(member(server_info, "title"));
  identity_.version = label(member(server_info, "version"));
  if (capabilities.size() <= capabilities_limit) identity_.capabilities = capabilities;
  identity_.instructions_length =
      string_value(member(result, "instructions")).value_or(std::string{}).size();
  if (options_.keep_profile) {
    profile_ = Profile{revision.era, revision.name, std::string{server_info},
                       std::string{capabilities}, std::string{member(result, "instructions")}};
  }
  phase_ = Phase::ready;
  discover_ = {};
  initialize_ = {};
  initialize_error_ = {};
  if (late_modern_) late_modern_->result = {};
  if (revision.era == Era::legacy) {
    outputs_.emplace_back(
        Send{initialized_notification(), "notifications/initialized", 0, revision.name});
  }
  outputs_.emplace_back(HandshakeCompleted{});
  // Unknown capabilities: it was modern by an error; asking costs nothing.
  if (capabilities.empty() || !member(capabilities, "tools").empty()) start_listing(now);
}

void Client::fail_handshake(std::string why) {
  phase_ = Phase::failed;
  discover_ = {};
  initialize_ = {};
  outputs_.emplace_back(HandshakeFailed{std::move(why)});
}

bool Client::skip_discover_next_time() const {
  if (identity_.era != Era::unknown) return identity_.era == Era::legacy && !late_modern_;
  if (discover_sent_) return !discover_answered_;
  return false;  // initialize alone has not worked: begin at the beginning
}

// --- probes

void Client::probe_answered(Instant now) {
  const Duration round_trip = now - probe_request_.sent;
  probe_request_ = {};
  if (probe_ == Probe::ping) ping_timed_out_ = false;
  if (probe_ == Probe::tools_list && ping_timed_out_) ping_unanswered_ = true;
  outputs_.emplace_back(ProbeAnswered{probe_, round_trip});
}

void Client::probe_failed(std::string why) {
  probe_request_ = {};
  outputs_.emplace_back(ProbeFailed{probe_, std::move(why)});
}

// --- time

std::optional<Instant> Client::next_deadline() const {
  std::optional<Instant> next = tools_due_;
  for (const Pending* slot : {&discover_, &initialize_, &tools_request_, &probe_request_}) {
    if (slot->deadline && (!next || *slot->deadline < *next)) next = slot->deadline;
  }
  return next;
}

void Client::poll(Instant now, bool unread) {
  const auto is_over = [now](std::optional<Instant>& deadline) {
    if (!deadline || *deadline > now) return false;
    deadline.reset();
    return true;
  };
  // discover_ keeps its id: a late answer may still decide.
  if (is_over(discover_.deadline)) discover_unanswered(unread, now);
  if (is_over(initialize_.deadline)) settle_for_modern(now);
  if (is_over(tools_request_.deadline)) {
    tools_request_ = {};
    listing_failed("no answer in time", now);
  }
  if (is_over(probe_request_.deadline)) {
    if (probe_ == Probe::ping) {
      ping_timed_out_ = true;
      lapsed_ping_ = probe_request_.id;
    }
    probe_failed("no answer in time");
  }
  if (is_over(tools_due_)) start_listing(now);
}

void Client::paused(Duration gap) {
  for (Pending* slot : {&discover_, &initialize_, &tools_request_, &probe_request_}) {
    if (slot->deadline) slot->deadline = *slot->deadline + gap;
  }
  if (tools_due_) tools_due_ = *tools_due_ + gap;
}

}  // namespace mcpctl::mcp
