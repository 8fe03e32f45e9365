#include "gateway/upstream.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/own_processes.h"
#include "gateway/reply.h"
#include "gateway/upstream_calls.h"
#include "gateway/upstream_peer.h"
#include "mcp/raw.h"
#include "relay/method.h"

namespace mcpctl::gateway {

namespace error_code = relay::error_code;
using runtime::UpstreamError;

Upstream::Upstream(loop::Loop& loop, runtime::Supervisor& supervisor, std::string name,
                   Numbers& numbers)
    : loop_(loop),
      supervisor_(supervisor),
      name_(std::move(name)),
      numbers_(numbers),
      traffic_(supervisor.traffic()[name_]),
      now_(std::make_unique<Peer>(*this)),
      timer_(loop),
      http_retry_(loop),
      lists_again_(loop) {}

Upstream::~Upstream() {
  traffic_.waiting -= shown_waiting_;
  traffic_.in_flight -= shown_in_flight_;
}

bool Upstream::is_attached() const { return now_->channel != nullptr; }

const config::Server& Upstream::config() const { return now_->channel->config(); }

// ---- clients

std::unique_ptr<Downstream> Upstream::connect(relay::Asker asker, DownstreamSink& sink) {
  const bool of_its_own = is_attached() && config().sharing == config::Sharing::session &&
                          asker.era == mcp::Era::legacy;
  if (!of_its_own) return join(std::move(asker), sink);
  if (!own_processes_) {
    own_processes_ = std::make_unique<OwnProcesses>(loop_, supervisor_, name_, numbers_, *this);
  }
  return own_processes_->connect(std::move(asker), sink);
}

std::unique_ptr<Downstream> Upstream::own(relay::Asker asker, DownstreamSink& sink) {
  relay::Link::Options::Owner owner;
  owner.abilities = relay::abilities_of(asker.capabilities);
  owner_ = owner;
  introduction_ = relay::introduction_of(asker);
  return join(std::move(asker), sink);
}

std::unique_ptr<Downstream> Upstream::join(relay::Asker asker, DownstreamSink& sink) {
  asker.downstream = numbers_.take_downstream();
  if (owner_) owner_->downstream = asker.downstream;
  auto seat = std::make_unique<Seat>(*this, std::move(asker), sink);
  seats_.emplace(seat->asker.downstream, seat.get());
  ++traffic_.clients;
  if (seat->asker.era == mcp::Era::legacy) {
    interests_.join(seat->asker.downstream);
    if (now_->link) now_->link->follow();
    lists_.ask();
    carry_out(*now_, false);
  }
  return seat;
}

void Upstream::leave(Seat& seat) {
  seats_.erase(seat.asker.downstream);
  --traffic_.clients;
  std::erase_if(
      asked_, [&](const auto& asked) { return asked.second.downstream == seat.asker.downstream; });
  interests_.leave(seat.asker.downstream);
  if (seat.asker.era != mcp::Era::legacy) return;  // what it listened to went with its calls
  if (now_->link) now_->link->follow();
  carry_out(*now_, false);
}

void Upstream::Seat::notify(relay::Request notification) {
  count(notification);
  if (upstream.now_->link) upstream.now_->link->notify(notification);
  upstream.carry_out(*upstream.now_, false);
}

void Upstream::Seat::answer(relay::Request response) {
  count(response);
  const auto id = mcp::integer_value(response.envelope.id.in(response.text));
  if (!id) return;
  const auto asked = upstream.asked_.find(static_cast<std::uint64_t>(*id));
  if (asked == upstream.asked_.end() || asked->second.downstream != asker.downstream) return;
  const relay::CallId about = asked->second.about;
  Peer& peer = *asked->second.by;
  upstream.asked_.erase(asked);
  const auto ticket = upstream.calls_.find(about.value);
  if (ticket != upstream.calls_.end()) upstream.lives_on(*ticket->second);
  peer.link->answer(about, response);
  upstream.carry_out(peer, false);
}

void Upstream::Seat::set_log_level(std::string_view level) {
  asker.log_level = level;
  upstream.interests_.set_log_level(asker.downstream, level);
  if (upstream.now_->link) upstream.now_->link->follow();
  upstream.carry_out(*upstream.now_, false);
}

// ---- their calls

std::unique_ptr<Call> Upstream::call(Seat& seat, relay::Request&& request, CallSink& sink) {
  auto ticket = std::make_unique<Ticket>(seat, numbers_.take_call(), std::move(request), sink);
  ticket->began = loop_.turn();
  calls_.emplace(ticket->id.value, ticket.get());
  admit(*ticket);
  return ticket;
}

bool Upstream::can_send() const {
  if (!now_->link || now_->link->is_closed()) return false;
  if (!now_->channel || !now_->channel->is_ready() || !now_->unsent.empty()) return false;
  if (breather_ || learning_) return false;
  const unsigned most = config().max_concurrent_requests;
  return most == 0 || now_->sent < most;
}

void Upstream::admit(Ticket& ticket) {
  if (waiting_.empty() && can_send() && !learns_tools_first(ticket)) {
    send(ticket);
    return carry_out(*now_, false);
  }
  if (!turned_away_.empty()) {
    return refuse(ticket, error_code::overloaded, UpstreamError::overloaded, turned_away_);
  }
  if (const std::string why = why_never(); !why.empty()) {
    return refuse(ticket, error_code::server_gone, UpstreamError::unavailable, why);
  }
  if (answer_from_memory(ticket)) return;
  if (waiting_.size() >= config().queue_size) {
    return refuse(ticket, error_code::overloaded, UpstreamError::overloaded,
                  std::to_string(waiting_.size()) + " requests wait for it already");
  }
  ticket.deadline = loop_.now() + config().queue_timeout;
  waiting_.push_back(&ticket);
  show_load();
  wake(ticket.deadline);
  if (now_->channel->state() == supervisor::State::idle) now_->channel->demand();
}

void Upstream::admit_waiting() {
  bool sent = false;
  while (!waiting_.empty() && can_send()) {
    Ticket& ticket = *waiting_.front();
    if (learns_tools_first(ticket)) break;
    waiting_.pop_front();
    send(ticket);
    sent = true;
  }
  if (sent) carry_out(*now_, false);
}

/// Nothing is sent while there is a reason.
void Upstream::hold_back(std::optional<loop::Timer>& reason, Duration at_most) {
  reason.emplace(loop_).arm(at_most, [this, &reason] {
    reason.reset();
    admit_waiting();
  });
}

void Upstream::send(Ticket& ticket) {
  if (const auto refusal = mismatch(ticket)) {
    const std::string_view id = ticket.request.envelope.id.in(ticket.request.text);
    return end_with_error(ticket, gateway::error_text(id, refusal->code, refusal->message));
  }
  const Instant now = loop_.turn();
  const bool listens = ticket.seat.asker.era == mcp::Era::modern &&
                       ticket.method == relay::Method::subscriptions_listen;
  if (listens) {
    ticket.place = Ticket::Place::listening;  // for as long as the client likes
    lists_.ask();
  } else {
    ticket.place = Ticket::Place::sent;
    ticket.peer = now_.get();
    ++now_->sent;
    ticket.deadline = now + config().request_timeout;
    ticket.limit = now + config().request_timeout_max;
    wake(std::min(ticket.deadline, ticket.limit));
  }
  if (config().repeat_calls) ticket.is_harmless = calls_harmless_tool(ticket);
  now_->link->call(ticket.id, ticket.seat.asker, ticket.request);
  show_load();
}

/// A modern client's headers say what its tool's arguments do not.
std::optional<Refusal> Upstream::mismatch(const Ticket& ticket) const {
  const relay::Asker& asker = ticket.seat.asker;
  const bool repeats = asker.era == mcp::Era::modern && ticket.method == relay::Method::tools_call;
  if (!repeats) return std::nullopt;
  return mirrored_.check(asker.mirrored, ticket.request);
}

/// Known now; once the server is gone it may be too late to ask.
bool Upstream::calls_harmless_tool(const Ticket& ticket) const {
  if (ticket.method != relay::Method::tools_call) return false;
  const relay::Request& request = ticket.request;
  const auto tool = mcp::string_value(request.envelope.params_name.in(request.text));
  return tool && now_->channel->is_harmless(*tool);
}

void Upstream::cancel(Ticket& ticket, std::string_view raw_reason, runtime::CancelledBy by) {
  const Ticket::Place place = std::exchange(ticket.place, Ticket::Place::done);
  calls_.erase(ticket.id.value);
  count(ticket, runtime::Outcome::cancelled);
  traffic_.count(by);
  if (place == Ticket::Place::waiting) {
    std::erase(waiting_, &ticket);
    return show_load();
  }
  Peer& peer = ticket.peer != nullptr ? *ticket.peer : *now_;
  if (ticket.peer != nullptr) --peer.sent;
  if (peer.link) {
    peer.link->cancel(ticket.id, raw_reason);
    carry_out(peer, false);
    show_load();
  } else {
    interests_.drop(ticket.id);
  }
  admit_waiting();
}

/// A sign of life.  While the client's user is asked, the server cannot be late.
void Upstream::lives_on(Ticket& ticket) {
  if (ticket.place != Ticket::Place::sent || !is_attached()) return;
  const bool is_asked = std::ranges::any_of(
      asked_, [&](const auto& asked) { return asked.second.about == ticket.id; });
  ticket.deadline = is_asked ? ticket.limit : loop_.turn() + config().request_timeout;
  if (!is_asked) wake(ticket.deadline);
}

// ---- what ends without the server

std::string Upstream::error_text(const Ticket& ticket, int code, const std::string& why) const {
  using Json = nlohmann::ordered_json;
  Json data{{"server", name_}};
  std::string state = turned_away_.empty() ? "removed" : "busy";
  if (now_->channel != nullptr) state = supervisor::name(now_->channel->state());
  data["state"] = state;
  data["why"] = why;
  if (now_->channel != nullptr && now_->channel->state() == supervisor::State::failed) {
    const auto status = supervisor_.status_of(config().name, false);
    if (status && !status->stderr_tail.empty()) data["stderr"] = status->stderr_tail.back();
  }
  return gateway::error_text(ticket.request.envelope.id.in(ticket.request.text), code,
                             "server " + name_ + " is " + state + ": " + why,
                             data.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Upstream::refuse(Ticket& ticket, int code, UpstreamError kind, const std::string& why) {
  ticket.error = kind;
  end_with_error(ticket, error_text(ticket, code, why));
}

void Upstream::end_with_error(const Ticket& ticket, std::string text) {
  answer_later({.downstream = ticket.seat.asker.downstream,
                .call = ticket.id,
                .text = std::move(text),
                .is_last = true,
                .is_error = true});
}

/// Sinks hear nothing from inside the functions of their callers.
void Upstream::answer_later(relay::ToClient message) {
  later_.push_back(std::move(message));
  if (std::exchange(later_posted_, true)) return;
  loop_.post([this, alive = std::weak_ptr{alive_}] {
    if (alive.expired()) return;
    later_posted_ = false;
    for (relay::ToClient& one : std::exchange(later_, {})) deliver(std::move(one));
    admit_waiting();
  });
}

void Upstream::fail_waiting(const std::string& why) {
  for (Ticket* ticket : std::exchange(waiting_, {})) {
    refuse(*ticket, error_code::server_gone, UpstreamError::unavailable, why);
  }
}

// ---- what is seen of it

void Upstream::show_load() {
  traffic_.waiting += waiting_.size() - std::exchange(shown_waiting_, waiting_.size());
  std::uint64_t in_flight = 0;
  const auto show = [&](const Peer& peer) {
    in_flight += peer.sent;
    if (peer.channel != nullptr) peer.channel->set_in_flight(peer.sent);
  };
  show(*now_);
  for (const auto& peer : former_) show(*peer);
  traffic_.in_flight += in_flight - std::exchange(shown_in_flight_, in_flight);
}

void Upstream::count(const Ticket& ticket, runtime::Outcome outcome) {
  const relay::Request& request = ticket.request;
  const std::string_view raw = request.envelope.method.in(request.text);
  const bool is_known = ticket.method != relay::Method::other;
  traffic_.methods.count(is_known ? raw.substr(1, raw.size() - 2) : "other", outcome);
  if (ticket.method == relay::Method::tools_call) {
    const auto tool = mcp::string_value(request.envelope.params_name.in(request.text));
    traffic_.tools.count(tool ? std::string_view{*tool} : "", outcome);
  }
  if (outcome == runtime::Outcome::error) traffic_.count(ticket.error);
  traffic_.latency.observe(loop_.turn() - ticket.began);
}

// ---- time

void Upstream::wake(Instant when) {
  if (timer_.is_due_by(when)) return;
  timer_.arm(when, [this] { time_passed(); });
}

void Upstream::time_passed() {
  const Instant now = loop_.now();
  std::optional<Instant> next;
  const auto consider = [&](Instant when) {
    if (!next || when < *next) next = when;
  };
  std::vector<Ticket*> late;
  for (const auto& [id, ticket] : calls_) {
    if (ticket->place == Ticket::Place::listening) continue;
    Instant due = ticket->deadline;
    if (ticket->place == Ticket::Place::sent) due = std::min(due, ticket->limit);
    due <= now ? late.push_back(ticket) : consider(due);
  }
  std::ranges::sort(late, {}, [](const Ticket* ticket) { return ticket->id; });
  for (Ticket* ticket : late) expire(*ticket, now);
  std::vector<Curious> disappointed;
  std::erase_if(curious_, [&](Curious& one) {
    if (one.until > now) {
      consider(one.until);
      return false;
    }
    disappointed.push_back(std::move(one));
    return true;
  });
  for (Curious& one : disappointed) {
    one.done(failure("server " + name_ + " did not become ready in time"));
  }
  while (!parked_.empty() && parked_.front().until <= now) {
    parked_.front().at->link->expire(parked_.front().token);
    parked_.pop_front();
  }
  if (!parked_.empty()) consider(parked_.front().until);
  carry_out(*now_, true);
  for (const auto& peer : former_) carry_out(*peer, true);
  show_load();
  admit_waiting();
  if (next) wake(*next);
}

void Upstream::expire(Ticket& ticket, Instant now) {
  if (ticket.place == Ticket::Place::waiting) {
    const bool waits = std::erase(waiting_, &ticket) > 0;
    if (!waits) return;
    return refuse(ticket, error_code::timed_out, UpstreamError::queue_timeout,
                  "it did not take the request in time");
  }
  if (ticket.peer == nullptr) return;  // its last answer is on the way
  const bool no_progress = ticket.limit > now;
  traffic_.count(runtime::CancelledBy::timeout);
  fail(*ticket.peer, ticket.id, error_code::timed_out, UpstreamError::timeout,
       no_progress ? " has not answered in time" : " has not come to an end in time");
}

/// `why` follows the server's name.
void Upstream::fail(Peer& peer, relay::CallId call, int code, UpstreamError kind,
                    const std::string& why) {
  const auto found = calls_.find(call.value);
  if (found != calls_.end()) found->second->error = kind;
  peer.link->fail(call, code, "server " + name_ + why);
}

}  // namespace mcpctl::gateway
