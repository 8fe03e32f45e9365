// The conversation of an Upstream: opened and closed with the server's incarnations.

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "gateway/session_id.h"
#include "gateway/upstream.h"
#include "gateway/upstream_calls.h"
#include "gateway/upstream_peer.h"
#include "mcp/raw.h"

namespace mcpctl::gateway {
namespace {

using supervisor::State;

constexpr Duration session_pause{1'000};
/// From a broken connection to the news that its server has died.
constexpr Duration breather{100};
/// For a modern client's user to answer what a legacy server asks.
constexpr Duration thinking_time{600'000};

relay::ServerProfile profile_for_clients(const mcp::Profile& profile) {
  return {.era = profile.era,
          .revision = profile.revision,
          .server_info = profile.server_info,
          .capabilities = profile.capabilities,
          .instructions = profile.instructions};
}

}  // namespace

// ---- the channels' news

void Upstream::attach(runtime::Channel& channel) {
  turned_away_.clear();
  now_->attach(channel);
  recall_lists();
  on_change();
}

void Upstream::detach() {
  if (!is_attached()) return;
  for (const auto& peer : std::exchange(former_, {})) close_link(*peer, "it was replaced");
  now_->detach();
  // The next process counts its incarnations anew: its link must not be taken for this.
  close_link(*now_, "another session needed its place");
  now_->http.reset();
  on_change();
}

/// The new process is ready; what the former one has begun it may end.
void Upstream::follow_on(runtime::Channel& successor) {
  former_.push_back(std::exchange(now_, std::make_unique<Peer>(*this)));
  lists_.closed();
  learning_.reset();
  attach(successor);
}

/// Clients may be told of it, and what they do then must not meet the core half-way.
void Upstream::on_change() {
  if (std::exchange(change_posted_, true)) return;
  loop_.post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) changed();
  });
}

bool Upstream::Peer::on_message(std::string_view text, const mcp::Envelope& envelope) noexcept {
  if (!link) return false;
  if (!upstream.take_list(*this, text, envelope)) link->receive(text, envelope, {});
  upstream.carry_out(*this, true);
  return true;
}

void Upstream::Peer::on_writable() noexcept {
  while (!unsent.empty() && channel->is_writable()) {
    const std::string text = std::move(unsent.front());
    unsent.pop_front();
    channel->send(text);
  }
  upstream.admit_waiting();
}

void Upstream::changed() {
  change_posted_ = false;
  see_off_former();
  follow_channel();
  const std::string why = why_never();
  if (why.empty() && profile_) tell_curious();
  if (!why.empty()) {
    fail_waiting(why);
    for (relay::ToClient& end : interests_.end_listeners()) answer_later(std::move(end));
    for (Curious& one : std::exchange(curious_, {})) {
      one.done(failure("server " + name_ + " cannot be had: " + why));
    }
  }
  if (watcher_) watcher_();
  const bool needed = !waiting_.empty() || !curious_.empty();
  if (now_->channel != nullptr && now_->channel->state() == State::idle && needed) {
    now_->channel->demand();
  }
  admit_waiting();
}

/// The link is there exactly while the current incarnation has a conversation.
void Upstream::follow_channel() {
  Peer& peer = *now_;
  const mcp::Profile* profile = peer.profile();
  const bool other = profile != nullptr && peer.channel->incarnation() != peer.linked;
  if (profile == nullptr || other) {
    close_link(peer, peer.channel != nullptr ? peer.channel->why() : "it was removed");
    peer.http.reset();
  } else if (!peer.lost.empty()) {
    // A session that worked is replaced at once, one that never did in a while.
    http_retry_.arm(peer.link ? Duration{0} : session_pause, [this] { on_change(); });
    close_link(peer, peer.lost);
    peer.http.reset();
  }
  peer.lost.clear();
  if (peer.link) {
    peer.link->show_tools(tools_of(config()));
    carry_out(peer, true);
  }
  if (profile == nullptr || peer.link) return;
  peer.linked = peer.channel->incarnation();
  if (peer.channel->running().transport == config::Transport::stdio) {
    open_link(peer, *profile);
  } else if (!peer.http && !http_retry_.is_armed()) {
    peer.http.emplace(loop_, peer.channel->running(), *profile, introduction_, mirrored_,
                      peer.http_callbacks());
  }
}

/// Once they are on their way down, nothing more comes of them.
void Upstream::see_off_former() {
  std::vector<std::unique_ptr<Peer>> gone;
  for (auto& peer : former_) {
    const bool goes_on = peer->link && peer->profile() != nullptr && peer->lost.empty();
    if (!goes_on) gone.push_back(std::move(peer));
  }
  std::erase(former_, nullptr);
  for (const auto& peer : gone) {
    close_link(*peer, peer->channel != nullptr ? peer->channel->why() : "it was replaced");
  }
}

/// Why a request need not wait; empty while there is hope.
std::string Upstream::why_never() const {
  if (now_->channel == nullptr) return "it was removed from the configuration";
  switch (now_->channel->state()) {
    case State::failed:
    case State::stopped:
    case State::completed:
      return now_->channel->why().empty() ? "it was not started" : now_->channel->why();
    case State::idle:
    case State::waiting:
    case State::starting:
    case State::ready:
    case State::degraded:
    case State::draining:
    case State::stopping:
    case State::backoff: return "";
  }
  return "";
}

void Upstream::open_link(Peer& peer, const mcp::Profile& profile) {
  profile_ = profile_for_clients(profile);
  relay::Link::Options options;
  options.server = *profile_;
  options.tools = tools_of(config());
  options.owner = owner_;
  options.for_http = peer.http.has_value();
  const auto take_id = [&peer] {
    return peer.http ? peer.http->take_id() : peer.channel->take_id();
  };
  options.take_id = take_id;
  options.take_ask_id = [this] { return numbers_.take_ask(); };
  options.make_token = [this, &peer] {
    // Who has it may continue somebody's call.
    parked_.push_back({unguessable(), loop_.now() + thinking_time, &peer});
    wake(parked_.back().until);
    return parked_.back().token;
  };
  peer.link.emplace(std::move(options), interests_);
  ++conversation_;
  breather_.reset();
  if (&peer == now_.get()) {
    begin_to_learn_tools();
    open_lists(take_id);
  }
  carry_out(peer, true);
  tell_curious();
  admit_waiting();
  if (watcher_) watcher_();
}

/// What the server did not finish is repeated if that does no harm, and ends otherwise.
void Upstream::close_link(Peer& peer, const std::string& why) {
  peer.unsent.clear();
  if (!peer.link) return;
  if (&peer == now_.get()) {
    lists_.closed();
    learning_.reset();
    store_lists();
  }
  std::vector<Ticket*> again;
  for (const auto& [id, ticket] : calls_) {
    if (ticket->peer == &peer && may_repeat(*ticket)) again.push_back(ticket);
  }
  // Newest first, so that the oldest ends at the front.
  std::ranges::sort(again, std::ranges::greater{}, [](const Ticket* ticket) { return ticket->id; });
  for (Ticket* ticket : again) repeat(*ticket);
  for (const auto& [id, ticket] : calls_) {
    if (ticket->peer == &peer) ticket->error = runtime::UpstreamError::gone;
  }
  peer.link->closed("server " + name_ + " went away: " + (why.empty() ? "it was stopped" : why));
  carry_out(peer, true);
  peer.link.reset();
  std::erase_if(asked_, [&](const auto& asked) { return asked.second.by == &peer; });
  std::erase_if(parked_, [&](const Parked& parked) { return parked.at == &peer; });
  for (const auto& [id, ticket] : calls_) {
    if (ticket->peer == &peer) ticket->peer = nullptr;  // its last answer is on the way
  }
  peer.sent = 0;
  show_load();
}

/// It is at a server; nobody would notice if it were sent twice.
bool Upstream::may_repeat(const Ticket& ticket) const {
  return is_attached() && ticket.place == Ticket::Place::sent && ticket.peer != nullptr &&
         !ticket.repeated && ticket.peer->link->may_repeat(ticket.id, ticket.is_harmless);
}

/// Before all others that wait.
void Upstream::repeat(Ticket& ticket) {
  ticket.peer->link->forget(ticket.id);
  --ticket.peer->sent;
  ticket.peer = nullptr;
  ticket.repeated = true;
  ticket.place = Ticket::Place::waiting;
  ticket.deadline = loop_.now() + config().queue_timeout;
  waiting_.push_front(&ticket);
  wake(ticket.deadline);
}

/// Whether the server is gone is known in a moment: until then nothing more is sent to it.
void Upstream::connection_broke(Peer& peer, relay::CallId call, const std::string& why) {
  if (!peer.link) return;
  if (&peer == now_.get() && !breather_) hold_back(breather_, breather);
  const auto found = calls_.find(call.value);
  if (found != calls_.end() && may_repeat(*found->second)) {
    repeat(*found->second);
    show_load();
  } else {
    fail(peer, call, relay::error_code::server_gone, runtime::UpstreamError::connection,
         ": " + why);
  }
  carry_out(peer, true);
}

// ---- what others want to know

void Upstream::describe(loop::Callback<Result<relay::ServerProfile>> done) {
  const std::string why = why_never();
  const Instant until =
      now_->channel != nullptr ? loop_.now() + config().queue_timeout : loop_.now();
  curious_.push_back({std::move(done), until});
  wake(until);
  // From the inbox, never from here: and a server that was seen before is known.
  if (!why.empty() || profile_) return on_change();
  if (now_->channel->state() == State::idle) now_->channel->demand();
}

void Upstream::tell_curious() {
  for (Curious& one : std::exchange(curious_, {})) one.done(*profile_);
}

// ---- what the link wants done

/// `at_once`: clients may hear now; else only once their caller has returned.
void Upstream::carry_out(Peer& peer, bool at_once) {
  if (!peer.link) return;
  std::vector<relay::Output> outputs = std::move(peer.carried);
  // A message that cannot be sent makes more of them.
  while (peer.link->has_outputs()) {
    outputs = peer.link->take_outputs(std::move(outputs));
    for (relay::Output& output : outputs) carry_out(peer, output, at_once);
  }
  outputs.clear();
  peer.carried = std::move(outputs);
  if (&peer == now_.get() && lists_.has_outputs()) {
    for (relay::Output& output : lists_.take_outputs()) carry_out(peer, output, at_once);
  }
  if (at_once) admit_waiting();
}

void Upstream::carry_out(Peer& peer, relay::Output& output, bool at_once) {
  const auto tell = [&](relay::ToClient& message) {
    at_once ? deliver(std::move(message)) : answer_later(std::move(message));
  };
  if (auto* to_send = std::get_if<relay::ToServer>(&output)) to_server(peer, std::move(*to_send));
  if (auto* to_tell = std::get_if<relay::ToClient>(&output)) {
    if (to_tell->asks != 0) asked_[to_tell->asks] = {to_tell->call, to_tell->downstream, &peer};
    tell(*to_tell);
  }
  if (std::holds_alternative<relay::Missed>(output) && &peer == now_.get()) news_missed();
  if (const auto* heard = std::get_if<relay::Heard>(&output)) {
    // What there is to list and to read, clients have from the new process.
    if (&peer != now_.get()) return;
    if (!heard->text.empty()) list_changed(*heard);
    for (relay::ToClient& message : interests_.deliver(*heard)) tell(message);
  }
}

void Upstream::deliver(relay::ToClient&& message) {
  if (!message.call) {
    const auto seat = seats_.find(message.downstream);
    if (seat == seats_.end()) return;
    traffic_.response_bytes += message.text.size();
    return seat->second->sink.on_message(message.text);
  }
  const auto found = calls_.find(message.call.value);
  if (found == calls_.end()) return;
  Ticket& ticket = *found->second;
  traffic_.response_bytes += message.text.size();
  if (!message.is_last) {
    lives_on(ticket);
    return ticket.sink.on_message(message.text);
  }
  calls_.erase(found);
  count(ticket, message.is_error ? runtime::Outcome::error : runtime::Outcome::ok);
  const bool lists_tools = ticket.method == relay::Method::tools_list && !message.is_error;
  if (lists_tools && ticket.peer == now_.get()) {
    learn_tools(message.text);
  }
  if (std::exchange(ticket.place, Ticket::Place::done) == Ticket::Place::sent) {
    if (ticket.peer != nullptr) --ticket.peer->sent;
    show_load();
  }
  ticket.sink.on_response(std::move(message.text));  // the ticket may be gone now
}

void Upstream::to_server(Peer& peer, relay::ToServer&& message) {
  if (peer.http) return peer.http->send(std::move(message));
  if (peer.channel == nullptr) return;
  if (peer.unsent.empty() && peer.channel->send(message.text)) return;
  if (message.text.size() > runtime::Channel::longest_message) {
    if (message.call) {
      fail(peer, message.call, relay::error_code::overloaded, runtime::UpstreamError::overloaded,
           ": the request is too long for its pipe");
    }
    return;
  }
  peer.unsent.push_back(std::move(message.text));
}

HttpUpstream::Callbacks Upstream::Peer::http_callbacks() {
  HttpUpstream::Callbacks callbacks;
  callbacks.on_open = [this](const mcp::Profile& profile) { upstream.open_link(*this, profile); };
  callbacks.on_lost = [this](const std::string& why) {
    lost = why;
    upstream.on_change();
  };
  callbacks.on_message = [this](std::string_view text, const mcp::Envelope& envelope,
                                relay::CallId about) {
    if (!link) return;
    if (!upstream.take_list(*this, text, envelope)) link->receive(text, envelope, about);
    upstream.carry_out(*this, true);
  };
  callbacks.on_broken = [this](relay::CallId call, const std::string& why) {
    upstream.connection_broke(*this, call, why);
  };
  callbacks.on_unanswered = [this](std::uint64_t id) { upstream.answer_lost(*this, id); };
  callbacks.on_end = [this](relay::CallId call, runtime::UpstreamError kind,
                            const std::string& why) {
    if (!link) return;
    upstream.fail(*this, call, relay::error_code::server_gone, kind, ": " + why);
    upstream.carry_out(*this, true);
  };
  return callbacks;
}

}  // namespace mcpctl::gateway
