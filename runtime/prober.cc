#include "runtime/prober.h"

#include <utility>
#include <variant>

#include "http/url.h"
#include "mcp/version.h"

namespace mcpctl::runtime {
namespace {

constexpr std::string_view client_version = MCPCTL_VERSION;
/// What some client behind the door may be able to do.
constexpr std::string_view relayed_capabilities =
    R"({"roots":{"listChanged":true},"sampling":{},"elicitation":{"form":{},"url":{}}})";
/// A legacy server over HTTP refuses at once what it does not know: who is silent is slow.
/// The request's own time ends before that, mostly.
constexpr Duration discovery_over_http{10'000};

health::Check check_of(mcp::Probe probe) {
  switch (probe) {
    case mcp::Probe::ping: return health::Check::ping;
    case mcp::Probe::discover: return health::Check::discover;
    case mcp::Probe::tools_list: return health::Check::tools_list;
  }
  return health::Check::ping;
}

bool speaks_mcp(const config::Server& server) { return server.kind == config::Kind::mcp; }

}  // namespace

Prober::Prober(loop::Loop& loop, TreeWatch& trees, const config::Server& server,
               std::function<CheckTarget()> target, ProtocolMemory& memory, std::uint64_t chance,
               bool relays, const mcp::Introduction* client, Callbacks callbacks)
    : loop_(loop),
      trees_(trees),
      server_(server),
      target_(std::move(target)),
      memory_(memory),
      chance_(chance),
      relays_(relays),
      client_(client),
      callbacks_(std::move(callbacks)),
      readiness_(health::readiness_policy(server.readiness, server.kind, server.transport)),
      readiness_timer_(loop) {
  if (server.readiness.method != config::Readiness::Method::log_line) return;
  if (auto pattern = health::LinePattern::compile(server.readiness.pattern)) {
    pattern_ = std::move(*pattern);
  }
}

Prober::~Prober() = default;

bool Prober::over_http() const { return server_.transport != config::Transport::stdio; }

// ---- the conversation --------------------------------------------------------

void Prober::open_conversation() {
  mcp::Client::Options options;
  options.client.version = client_version;
  // Over HTTP nothing is lost by asking: each message stands alone.
  options.skip_discover = memory_.skip_discover && !over_http();
  if (over_http()) options.discover_timeout = discovery_over_http;
  options.keep_profile = relays_;
  if (relays_ && !over_http()) {
    options.capabilities = relayed_capabilities;
    options.client_of_its_own = client_;
  }
  if (http_) {
    http_->end_session();
  } else if (over_http()) {
    http_.emplace(
        loop_, server_.url, server_.headers,
        HttpTransport::Callbacks{
            [this](std::string_view message) { hear_over_http(message); },
            [this](std::uint64_t id, const std::string& why) { request_failed(id, why, false); },
            [this](std::uint64_t id, const std::string& why) { request_failed(id, why, true); }});
  }
  conversation_.emplace(
      loop_, options,
      Conversation::Callbacks{[this](const mcp::Send& message) { sent_by_client(message); },
                              [this](const mcp::Output& output) { told(output); },
                              [this] { return !over_http() && callbacks_.is_unread(); }});
  conversation_->begin();
}

void Prober::sent_by_client(const mcp::Send& message) {
  // A wait for the next start would be learnt too late by a server that dies on it.
  memory_.skip_discover = conversation_->client().skip_discover_next_time();
  if (http_) {
    if (!left_alone_) http_->send(message, server_.liveness.timeout);
  } else {
    callbacks_.write(message.text);
  }
}

void Prober::told(const mcp::Output& output) {
  memory_.skip_discover = conversation_->client().skip_discover_next_time();
  if (std::holds_alternative<mcp::HandshakeCompleted>(output)) {
    send_pings();
    if (relays_) callbacks_.on_opened(conversation_->client().profile());
    if (over_http()) return handshake_ended(true);
    return feed(health::ReadinessEvent{health::ConversationOpened{}});
  }
  if (const auto* failed = std::get_if<mcp::HandshakeFailed>(&output)) {
    last_failure_ = failed->why;
    if (over_http()) return handshake_ended(false);
    return callbacks_.note("no MCP handshake: " + failed->why);
  }
  if (std::holds_alternative<mcp::ProbeAnswered>(output)) {
    return feed(health::LivenessEvent{health::CheckSucceeded{check_}});
  }
  if (const auto* failed = std::get_if<mcp::ProbeFailed>(&output)) {
    return probe_failed(*failed);
  }
  if (const auto* noise = std::get_if<mcp::NoiseSeen>(&output)) {
    return callbacks_.note("stdout: no JSON-RPC message (" + noise->why + "): " + noise->excerpt);
  }
  if (const auto* failed = std::get_if<mcp::ToolListFailed>(&output)) {
    callbacks_.note("cannot list its tools: " + failed->why);
  }
}

/// Over HTTP a server may merely have forgotten our session: a new handshake tells.
void Prober::probe_failed(const mcp::ProbeFailed& failure) {
  callbacks_.note("health: no answer to " + std::string{mcp::name(failure.probe)} + " (" +
                  failure.why + ")");
  if (!over_http()) {
    return feed(health::LivenessEvent{health::CheckFailed{check_, check_of(failure.probe)}});
  }
  handshake_again();
}

void Prober::handshake_again() {
  rehandshaking_ = true;
  if (!rehandshake_timer_) rehandshake_timer_.emplace(loop_);
  rehandshake_timer_->arm(Duration{0}, [this] { open_conversation(); });
}

bool Prober::is_open() const { return conversation_ && conversation_->client().is_ready(); }

void Prober::handshake_ended(bool succeeded) {
  if (!std::exchange(rehandshaking_, false)) {
    if (succeeded) return feed(health::ReadinessEvent{health::TrySucceeded{try_}});
    return feed(health::ReadinessEvent{health::TryFailed{try_}});
  }
  if (succeeded) return feed(health::LivenessEvent{health::CheckSucceeded{check_}});
  // Not as a ping, which would be confirmed by tools/list: this was the confirmation.
  feed(health::LivenessEvent{health::CheckFailed{check_, health::Check::handshake}});
}

const mcp::Client* Prober::client() const {
  return conversation_ ? &conversation_->client() : nullptr;
}

// ---- intents -------------------------------------------------------------------

void Prober::prove_readiness() {
  if (speaks_mcp(server_) && !over_http()) open_conversation();
  feed(health::ReadinessEvent{health::ProofBegan{}});
  proving_ = true;
  if (early_) feed(*std::exchange(early_, std::nullopt));
}

/// A quick server may say that it is ready before we are told to wait for that.
void Prober::prove(const health::ReadinessEvent& evidence) {
  if (!proving_) {
    early_ = evidence;
    return;
  }
  feed(evidence);
}

void Prober::watch_health() {
  watching_ = true;
  if (speaks_mcp(server_) && !conversation_) open_conversation();
  const mcp::Era era = conversation_ ? conversation_->client().identity().era : mcp::Era::unknown;
  liveness_.emplace(health::liveness_policy(server_.liveness, server_.kind, era));
  feed(health::LivenessEvent{health::WatchBegan{chance_}});
}

void Prober::leave_alone() {
  left_alone_ = true;
  watching_ = false;
  rehandshaking_ = false;
  rehandshake_timer_.reset();
  if (http_) http_->end_session();
  feed(health::ReadinessEvent{health::ProofEnded{}});
  feed(health::LivenessEvent{health::WatchEnded{}});
  liveness_.reset();
}

void Prober::reconfigure(const config::Liveness&) {
  if (!watching_) return;
  const bool was_failing = liveness_ && liveness_->is_failing();
  feed(health::LivenessEvent{health::WatchEnded{}});
  watch_health();
  // The new watch begins in good faith, and would never tell of a recovery.
  if (was_failing) callbacks_.on_recovered();
}

void Prober::ping(Duration within, OnPong done) {
  const Instant now = loop_.now();
  std::erase_if(unsent_pings_, [now](const Unsent& ping) { return ping.until <= now; });
  unsent_pings_.push_back({now + within, std::move(done)});
  if (is_open()) send_pings();
}

void Prober::send_pings() {
  if (left_alone_) return;
  const Instant now = loop_.now();
  for (Unsent& ping : std::exchange(unsent_pings_, {})) {
    if (ping.until <= now) continue;
    const mcp::Send message =
        pings_.ask(conversation_->client(), {client_version}, conversation_->take_id(), now,
                   ping.until, std::move(ping.done));
    http_ ? http_->send(message, ping.until - now) : callbacks_.write(message.text);
  }
}

// ---- what the process says -------------------------------------------------------

void Prober::heard_stdout(std::string_view bytes) {
  if (!conversation_) return;
  framer_.feed(bytes);
  while (const auto frame = framer_.next()) {
    if (frame->overlong) {
      ++overlong_lines_;
      callbacks_.note("stdout: skipped a line of " + std::to_string(frame->size) + " bytes");
      continue;
    }
    hear(frame->line);
  }
  feed(health::LivenessEvent{health::TrafficSeen{}});
}

void Prober::hear(std::string_view message) {
  const auto envelope = mcp::scan(message);
  if (!envelope) {
    conversation_->receive(message);  // counts it
    return;
  }
  if (relays_ && envelope->kind == mcp::Kind::batch) {
    for (const std::string_view element : mcp::batch_elements(message)) {
      if (!element.starts_with('[')) hear(element);
    }
    return;
  }
  if (pings_.hear(*envelope, message)) return;
  const bool unclaimed = conversation_->receive(*envelope, message) == mcp::Receipt::unclaimed;
  if (!relays_ || !unclaimed) return;
  const bool taken = callbacks_.relay(message, *envelope);
  if (!taken && envelope->kind == mcp::Kind::request) conversation_->refuse(*envelope, message);
}

void Prober::hear_over_http(std::string_view message) {
  if (pings_.is_waiting()) {
    const auto envelope = mcp::scan(message);
    if (envelope && pings_.hear(*envelope, message)) return;
  }
  conversation_->receive(message);
}

void Prober::request_failed(std::uint64_t id, const std::string& why, bool unsent) {
  pings_.failed(id, why);
  conversation_->request_failed(id, why, unsent);
}

void Prober::heard_line(std::string_view line) {
  if (pattern_ && !readiness_.is_ready() && pattern_->matches(line)) {
    prove(health::ReadinessEvent{health::LineMatched{}});
  }
}

void Prober::notified(const health::Notification& notification) {
  if (notification.ready) notified_ready();
  if (notification.watchdog_fed) feed(health::LivenessEvent{health::WatchdogFed{}});
}

void Prober::notified_ready() { prove(health::ReadinessEvent{health::ReadyNotified{}}); }

void Prober::in_flight(unsigned count) {
  feed(health::LivenessEvent{health::InFlightChanged{count}});
}

void Prober::paused(Duration gap) {
  if (conversation_) conversation_->paused(gap);
  feed(health::LivenessEvent{health::LoopPaused{gap}});
}

// ---- the machines ------------------------------------------------------------------

void Prober::feed(const health::ReadinessEvent& event) {
  for (const auto& action : readiness_.step(event, loop_.now())) perform(action);
}

void Prober::feed(const health::LivenessEvent& event) {
  if (!liveness_) return;
  for (const auto& action : liveness_->step(event, loop_.now())) perform(action);
}

void Prober::perform(const health::ReadinessAction& action) {
  if (const auto* begin = std::get_if<health::BeginCheck>(&action)) return begin_try(*begin);
  if (std::holds_alternative<health::AbandonCheck>(action)) {
    if (runner_) runner_->abandon();
    if (http_) http_->abandon();
    return;
  }
  if (const auto* arm = std::get_if<health::ArmDeadline>(&action)) {
    return readiness_timer_.arm(arm->at, [this, token = arm->token] {
      feed(health::ReadinessEvent{health::DeadlineReached{token}});
    });
  }
  if (std::holds_alternative<health::DisarmDeadline>(action)) return readiness_timer_.disarm();
  if (std::holds_alternative<health::DeclareReady>(action) && !left_alone_) callbacks_.on_ready();
}

void Prober::perform(const health::LivenessAction& action) {
  if (const auto* begin = std::get_if<health::BeginCheck>(&action)) return begin_check(*begin);
  if (std::holds_alternative<health::AbandonCheck>(action)) {
    if (runner_) runner_->abandon();
    if (std::exchange(rehandshaking_, false)) {
      rehandshake_timer_.reset();
      if (http_) http_->abandon();
    }
    if (conversation_) conversation_->abandon_probe();
    return;
  }
  if (const auto* arm = std::get_if<health::ArmDeadline>(&action)) {
    if (!liveness_timer_) liveness_timer_.emplace(loop_);
    return liveness_timer_->arm(arm->at, [this, token = arm->token] {
      feed(health::LivenessEvent{health::DeadlineReached{token}});
    });
  }
  if (std::holds_alternative<health::DisarmDeadline>(action)) return liveness_timer_.reset();
  if (const auto* verdict = std::get_if<health::Judge>(&action)) judge(*verdict);
}

void Prober::begin_try(const health::BeginCheck& check) {
  if (check.check == health::Check::handshake) {
    try_ = check.id;
    return open_conversation();
  }
  const config::Readiness& how = server_.readiness;
  check_from_outside(check, how.port, how.path, how.command,
                     [this, id = check.id](bool succeeded, const std::string& why) {
                       if (succeeded) return feed(health::ReadinessEvent{health::TrySucceeded{id}});
                       last_failure_ = why;
                       feed(health::ReadinessEvent{health::TryFailed{id}});
                     });
}

void Prober::begin_check(const health::BeginCheck& check) {
  check_ = check.id;
  if (health::is_mcp(check.check)) {
    // Over HTTP a handshake that failed once can be had later, and proves as much.
    if (over_http() && !is_open()) return handshake_again();
    const bool asked =
        conversation_ && conversation_->probe(health::probe_of(check.check), check.timeout);
    if (!asked) feed(health::LivenessEvent{health::CheckFailed{check.id, check.check}});
    return;
  }
  const config::Liveness& how = server_.liveness;
  check_from_outside(
      check, how.port, how.path, how.command,
      [this, id = check.id, kind = check.check](bool succeeded, const std::string& why) {
        if (succeeded) return feed(health::LivenessEvent{health::CheckSucceeded{id}});
        callbacks_.note("health: " + why);
        feed(health::LivenessEvent{health::CheckFailed{id, kind}});
      });
}

/// `port` 0 means the server's own: what it was given, or what its URL says.
void Prober::check_from_outside(const health::BeginCheck& check, std::uint16_t port,
                                const std::string& path, const std::vector<std::string>& command,
                                CheckRunner::Done done) {
  if (!runner_) runner_.emplace(loop_, trees_);
  CheckTarget target = target_();
  target.port = server_.port.value_or(0);
  if (const auto url = http::parse_url(server_.url); url && !url->host.empty()) {
    if (url->scheme == http::Scheme::https) target.scheme = "https";
    target.host = url->host;
    if (target.port == 0) target.port = url->port;
  }
  if (port != 0) target.port = port;
  target.path = path;
  target.command = command;
  runner_->begin(check.check, target, check.timeout, std::move(done));
}

void Prober::judge(const health::Judge& judge) {
  if (left_alone_) return;
  switch (judge.verdict) {
    case health::Verdict::failing: return callbacks_.on_failing();
    case health::Verdict::recovered: return callbacks_.on_recovered();
    case health::Verdict::lost: return callbacks_.on_lost();
  }
}

}  // namespace mcpctl::runtime
