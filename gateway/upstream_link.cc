// The conversation of an Upstream: opened and closed with the server's incarnations.

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "gateway/session_id.h"
#include "gateway/upstream.h"
#include "gateway/upstream_calls.h"
#include "mcp/raw.h"

namespace mcpctl::gateway {
namespace {

using supervisor::State;

constexpr Duration session_pause{1'000};
/// For a modern client's user to answer what a legacy server asks.
constexpr Duration thinking_time{600'000};

/// Of a response.  An error is never long: no need to read through a large result.
bool is_error(std::string_view text) {
  constexpr std::size_t longest = 64u << 10;
  return text.size() <= longest && !mcp::member(text, "error").empty();
}

relay::ServerProfile profile_for_clients(const mcp::Profile& profile) {
  return {.era = profile.era,
          .revision = profile.revision,
          .server_info = profile.server_info,
          .capabilities = profile.capabilities,
          .instructions = profile.instructions};
}

relay::ToolFilter tools_of(const config::Server& server) {
  return {.enabled = server.enabled_tools, .disabled = server.disabled_tools};
}

}  // namespace

// ---- the channel's news

void Upstream::attach(runtime::Channel& channel) {
  channel_ = &channel;
  channel.listen(this);
  on_change();
}

/// Clients may be told of it, and what they do then must not meet the core half-way.
void Upstream::on_change() noexcept {
  if (std::exchange(change_posted_, true)) return;
  loop_.post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) changed();
  });
}

bool Upstream::on_message(std::string_view text, const mcp::Envelope& envelope) noexcept {
  if (!link_) return false;
  link_->receive(text, envelope, {});
  carry_out(true);
  return true;
}

void Upstream::on_writable() noexcept {
  while (!unsent_.empty() && channel_->is_writable()) {
    const std::string text = std::move(unsent_.front());
    unsent_.pop_front();
    channel_->send(text);
  }
  admit_waiting();
}

void Upstream::on_removed() noexcept {
  channel_ = nullptr;
  on_change();
}

void Upstream::detach() {
  if (channel_ == nullptr) return;
  channel_->listen(nullptr);
  // The next process counts its incarnations anew: its link must not be taken for this.
  close_link("another session needed its place");
  http_.reset();
  on_removed();
}

void Upstream::changed() {
  change_posted_ = false;
  const mcp::Profile* profile = channel_ != nullptr ? channel_->profile() : nullptr;
  const bool other = profile != nullptr && channel_->incarnation() != linked_;
  if (profile == nullptr || other) {
    close_link(channel_ != nullptr ? channel_->why() : "it was removed");
    http_.reset();
  } else if (!lost_.empty()) {
    // A session that worked is replaced at once, one that never did in a while.
    http_retry_.arm(link_ ? Duration{0} : session_pause, [this] { on_change(); });
    close_link(lost_);
    http_.reset();
  }
  lost_.clear();
  if (link_) {
    link_->show_tools(tools_of(config()));
    carry_out(true);
  }
  if (profile != nullptr && !link_) {
    linked_ = channel_->incarnation();
    if (channel_->config().transport == config::Transport::stdio) {
      open_link(*profile);
    } else if (!http_ && !http_retry_.is_armed()) {
      http_.emplace(loop_, channel_->running(), *profile, http_callbacks());
    }
  }
  const std::string why = why_never();
  if (why.empty() && profile_) tell_curious();
  if (!why.empty()) {
    fail_waiting(relay::error_code::server_gone, why);
    for (relay::ToClient& end : interests_.end_listeners()) answer_later(std::move(end));
    for (Curious& one : std::exchange(curious_, {})) {
      one.done(failure("server " + name_ + " cannot be had: " + why));
    }
  }
  if (watcher_) watcher_();
  const bool needed = !waiting_.empty() || !curious_.empty();
  if (channel_ != nullptr && channel_->state() == State::idle && needed) channel_->demand();
  admit_waiting();
}

/// Why a request need not wait; empty while there is hope.
std::string Upstream::why_never() const {
  if (channel_ == nullptr) return "it was removed from the configuration";
  switch (channel_->state()) {
    case State::failed:
    case State::stopped:
    case State::completed: return channel_->why().empty() ? "it was not started" : channel_->why();
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

void Upstream::open_link(const mcp::Profile& profile) {
  profile_ = profile_for_clients(profile);
  relay::Link::Options options;
  options.server = *profile_;
  options.tools = tools_of(config());
  options.owner = owner_;
  options.for_http = http_.has_value();
  options.take_id = [this] { return http_ ? http_->take_id() : channel_->take_id(); };
  options.take_ask_id = [this] { return numbers_.take_ask(); };
  options.make_token = [this] {
    // Who has it may continue somebody's call.
    parked_.push_back({unguessable(), loop_.now() + thinking_time});
    wake(parked_.back().until);
    return parked_.back().token;
  };
  link_.emplace(std::move(options), interests_);
  ++conversation_;
  carry_out(true);
  tell_curious();
  admit_waiting();
  if (watcher_) watcher_();
}

/// What the server did not finish is repeated if that does no harm, and ends otherwise.
void Upstream::close_link(const std::string& why) {
  unsent_.clear();
  if (!link_) return;
  std::vector<Ticket*> again;
  for (const auto& [id, ticket] : calls_) {
    const bool repeat = ticket->place == Ticket::Place::sent && !ticket->repeated &&
                        channel_ != nullptr && link_->may_repeat(ticket->id, ticket->is_harmless);
    if (repeat) again.push_back(ticket);
  }
  // Newest first, so that the oldest ends at the front.
  std::ranges::sort(again, std::ranges::greater{}, [](const Ticket* ticket) { return ticket->id; });
  for (Ticket* ticket : again) {
    link_->forget(ticket->id);
    ticket->repeated = true;
    ticket->place = Ticket::Place::waiting;
    ticket->deadline = loop_.now() + config().queue_timeout;
    --sent_;
    waiting_.push_front(ticket);
    wake(ticket->deadline);
  }
  link_->closed("server " + name_ + " went away: " + (why.empty() ? "it was stopped" : why));
  carry_out(true);
  link_.reset();
  asked_.clear();
  parked_.clear();
  show_load();
}

// ---- what others want to know

void Upstream::describe(loop::Callback<Result<relay::ServerProfile>> done) {
  const std::string why = why_never();
  const Instant until = channel_ != nullptr ? loop_.now() + config().queue_timeout : loop_.now();
  curious_.push_back({std::move(done), until});
  wake(until);
  // From the inbox, never from here: and a server that was seen before is known.
  if (!why.empty() || profile_) return on_change();
  if (channel_->state() == State::idle) channel_->demand();
}

void Upstream::tell_curious() {
  for (Curious& one : std::exchange(curious_, {})) one.done(*profile_);
}

// ---- what the link wants done

/// `at_once`: clients may hear now; else only once their caller has returned.
void Upstream::carry_out(bool at_once) {
  if (!link_) return;
  // A message that cannot be sent makes more of them.
  for (auto outputs = link_->take_outputs(); !outputs.empty(); outputs = link_->take_outputs()) {
    for (relay::Output& output : outputs) carry_out(output, at_once);
  }
  if (at_once) admit_waiting();
}

void Upstream::carry_out(relay::Output& output, bool at_once) {
  const auto tell = [&](relay::ToClient& message) {
    at_once ? deliver(message) : answer_later(std::move(message));
  };
  if (auto* to_send = std::get_if<relay::ToServer>(&output)) to_server(std::move(*to_send));
  if (auto* to_tell = std::get_if<relay::ToClient>(&output)) tell(*to_tell);
  if (const auto* heard = std::get_if<relay::Heard>(&output)) {
    for (relay::ToClient& message : interests_.deliver(*heard)) tell(message);
  }
}

void Upstream::deliver(const relay::ToClient& message) {
  if (message.asks != 0) asked_[message.asks] = {message.call, message.downstream};
  if (!message.call) {
    const auto seat = seats_.find(message.downstream);
    if (seat != seats_.end()) seat->second->sink.on_message(message.text);
    return;
  }
  const auto found = calls_.find(message.call.value);
  if (found == calls_.end()) return;
  Ticket& ticket = *found->second;
  if (!message.is_last) {
    if (ticket.place == Ticket::Place::sent && channel_ != nullptr) {
      ticket.deadline = loop_.now() + config().request_timeout;
    }
    return ticket.sink.on_message(message.text);
  }
  calls_.erase(found);
  count(ticket, is_error(message.text) ? runtime::Outcome::error : runtime::Outcome::ok);
  if (std::exchange(ticket.place, Ticket::Place::done) == Ticket::Place::sent) {
    --sent_;
    show_load();
  }
  ticket.sink.on_response(message.text);  // the ticket may be gone now
}

void Upstream::to_server(relay::ToServer message) {
  if (http_) return http_->send(std::move(message));
  if (channel_ == nullptr) return;
  if (unsent_.empty() && channel_->send(message.text)) return;
  if (message.text.size() > runtime::Channel::longest_message) {
    if (message.call) {
      link_->fail(message.call, relay::error_code::overloaded,
                  "the request is too long for the server's pipe");
    }
    return;
  }
  unsent_.push_back(std::move(message.text));
}

HttpUpstream::Callbacks Upstream::http_callbacks() {
  HttpUpstream::Callbacks callbacks;
  callbacks.on_open = [this](const mcp::Profile& profile) { open_link(profile); };
  callbacks.on_lost = [this](const std::string& why) {
    lost_ = why;
    on_change();
  };
  callbacks.on_message = [this](std::string_view text, const mcp::Envelope& envelope,
                                relay::CallId about) {
    if (!link_) return;
    link_->receive(text, envelope, about);
    carry_out(true);
  };
  callbacks.on_end = [this](relay::CallId call, const std::string& why) {
    if (!link_) return;
    link_->fail(call, relay::error_code::server_gone, "server " + name_ + ": " + why);
    carry_out(true);
  };
  return callbacks;
}

}  // namespace mcpctl::gateway
