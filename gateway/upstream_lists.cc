// The lists of an Upstream: clients are told when an incarnation has others than the one
// before, which no server says of itself.

#include <algorithm>
#include <utility>

#include "gateway/upstream.h"
#include "gateway/upstream_peer.h"

namespace mcpctl::gateway {
namespace {

// Between two looks at lists that a server says it changes; twice as long each time.
constexpr Duration list_pause_least{1'000};
constexpr Duration list_pause_most{60'000};

}  // namespace

void Upstream::open_lists(std::function<std::uint64_t()> take_id) {
  lists_.opened(*profile_, std::move(take_id));
  lists_pause_ = list_pause_least;
  ask_lists();
}

/// If anybody wants to hear of their changes.
void Upstream::ask_lists() {
  const relay::Wanted wanted = interests_.wanted();
  if (wanted.tools || wanted.prompts || wanted.resources) lists_.ask();
}

bool Upstream::take_list(const Peer& peer, std::string_view text, const mcp::Envelope& envelope) {
  return &peer == now_.get() && lists_.take(text, envelope);
}

/// The server said so.
void Upstream::list_changed(const relay::Heard& heard) {
  if (heard.what == relay::Heard::What::resource_updated) return;
  lists_.changed(heard.what);
  if (lists_again_.is_armed()) return;
  lists_again_.arm(lists_pause_, [this] {
    ask_lists();
    carry_out(*now_, true);
  });
  lists_pause_ = std::min(2 * lists_pause_, list_pause_most);
}

}  // namespace mcpctl::gateway
