// The lists of an Upstream: clients are told when an incarnation has others than the one
// before, which no server says of itself, and a lazy server is known while it sleeps.

#include <algorithm>
#include <utility>

#include "gateway/list_store.h"
#include "gateway/upstream.h"
#include "gateway/upstream_calls.h"
#include "gateway/upstream_peer.h"
#include "mcp/raw.h"
#include "relay/known_servers.h"
#include "relay/message.h"

namespace mcpctl::gateway {
namespace {

// Between two looks at lists that a server says it changes; twice as long each time.
constexpr Duration list_pause_least{1'000};
constexpr Duration list_pause_most{60'000};
/// A call that depends on the server's tools waits so long for their list.
constexpr Duration list_budget{2'000};

}  // namespace

void Upstream::open_lists(std::function<std::uint64_t()> take_id) {
  lists_.opened(*profile_, std::move(take_id));
  lists_.keep(keeps_lists());
  known_as_ = identity_of(config());
  lists_pause_ = list_pause_least;
  ask_lists();
}

/// If anybody wants to hear of their changes, or to know them while the server sleeps.
void Upstream::ask_lists() {
  const relay::Wanted wanted = interests_.wanted();
  if (wanted.tools || wanted.prompts || wanted.resources || keeps_lists()) lists_.ask();
}

bool Upstream::take_list(const Peer& peer, std::string_view text, const mcp::Envelope& envelope) {
  if (&peer != now_.get()) return false;
  const bool of_tools = lists_.is_asking(relay::Listing::tools);
  if (!lists_.take(text, envelope)) return false;
  if (of_tools && envelope.kind == mcp::Kind::response) learn_tools(text);
  if (of_tools && !lists_.is_asking(relay::Listing::tools)) learning_.reset();
  store_lists();
  return true;
}

// ---- while the server sleeps

bool Upstream::keeps_lists() const {
  return list_store_ != nullptr && is_attached() && config().startup == config::Startup::lazy;
}

void Upstream::recall_lists() {
  if (!keeps_lists() || profile_) return;
  const std::string identity = identity_of(config());
  const relay::KnownServer* known = list_store_->find(name_, identity);
  if (known == nullptr) return;
  known_as_ = identity;
  profile_ = known->profile;
  for (const relay::Listing listing : relay::listings) {
    const auto& list = known->lists[static_cast<std::size_t>(listing)];
    if (list) lists_.recall(listing, *list);
  }
}

void Upstream::store_lists() {
  if (!keeps_lists() || !profile_ || lists_.changes() == stored_changes_) return;
  stored_changes_ = lists_.changes();
  relay::KnownServer known{known_as_, *profile_, {}};
  for (const relay::Listing listing : relay::listings) {
    const relay::ListWatch::Items* items = lists_.items(listing);
    if (items != nullptr) known.lists[static_cast<std::size_t>(listing)] = *items;
  }
  list_store_->put(name_, std::move(known));
}

/// A list of a server that sleeps.  False: the server itself has to answer.
bool Upstream::answer_from_memory(const Ticket& ticket) {
  if (now_->channel->state() != supervisor::State::idle || !keeps_lists() || !profile_) {
    return false;
  }
  const mcp::Envelope& envelope = ticket.request.envelope;
  const std::string_view text = ticket.request.text;
  const auto listing = relay::listing_of(relay::method_of(envelope.method.in(text)));
  const relay::ListWatch::Items* items = listing ? lists_.items(*listing) : nullptr;
  // A cursor is the server's own.
  if (items == nullptr || !mcp::member(envelope.params.in(text), "cursor").empty()) return false;
  if (known_as_ != identity_of(config())) return false;
  relay::ListWatch::Items shown = *items;
  if (*listing == relay::Listing::tools) {
    const relay::ToolFilter filter = tools_of(config());
    std::erase_if(shown, [&](const std::string& tool) {
      const auto name = mcp::string_value(mcp::member(tool, "name"));
      return !filter.is_open() && (!name || !filter.allows(*name));
    });
  }
  const mcp::Era era = ticket.seat.asker.era;
  std::string meta;
  if (era == mcp::Era::modern && !profile_->server_info.empty()) {
    meta = R"("io.modelcontextprotocol/serverInfo":)" + profile_->server_info;
  }
  answer_later({.downstream = ticket.seat.asker.downstream,
                .call = ticket.id,
                .text = relay::result_message(envelope.id.in(text),
                                              relay::list_result(*listing, shown, era, meta)),
                .is_last = true});
  return true;
}

// ---- while it runs

/// The server said so.
void Upstream::list_changed(const relay::Heard& heard) {
  using What = relay::Heard::What;
  if (heard.what == What::resource_updated || heard.what == What::task_changed) return;
  lists_.changed(heard.what);
  if (heard.what == What::tools_changed) mirrored_.forget();
  if (!lists_again_.is_armed() && heard.what == What::tools_changed) begin_to_learn_tools();
  ask_lists_soon();
}

/// What it says from now on is to be heard again.
void Upstream::news_missed() {
  lists_.missed();
  ask_lists_soon();
}

/// To a request that is no client's.
void Upstream::answer_lost(Peer& peer, std::uint64_t id) {
  if (&peer == now_.get() && lists_.lost(id)) return ask_lists_soon();
  if (!peer.link) return;
  peer.link->lost(id);
  carry_out(peer, true);
}

void Upstream::ask_lists_soon() {
  if (lists_again_.is_armed()) return;
  lists_again_.arm(lists_pause_, [this] {
    if (now_->link) now_->link->follow();
    ask_lists();
    carry_out(*now_, true);
  });
  lists_pause_ = std::min(2 * lists_pause_, list_pause_most);
}

// ---- what calls repeat in headers

/// Only modern servers say what.
void Upstream::begin_to_learn_tools() {
  mirrored_.forget();
  tools_asked_ =
      profile_->era != mcp::Era::modern || !relay::is_offered(relay::Listing::tools, *profile_);
}

void Upstream::learn_tools(std::string_view response) {
  mirrored_.learn(response);
  if (!mirrored_.is_complete()) return;
  tools_asked_ = true;
  learning_.reset();
}

/// A call whose headers can neither be written nor checked yet: the first of a conversation
/// asks for the list, and all wait for that, if not for long.
bool Upstream::learns_tools_first(const Ticket& ticket) {
  if (tools_asked_ || (!now_->http && ticket.seat.asker.mirrored.empty())) return false;
  if (config().queue_size == 0) return false;
  if (ticket.method != relay::Method::tools_call) return false;
  tools_asked_ = true;
  lists_.ask();
  if (!lists_.is_asking(relay::Listing::tools)) return false;
  hold_back(learning_, list_budget);
  carry_out(*now_, false);
  return true;
}

}  // namespace mcpctl::gateway
