#include "control/transitions.h"

#include <algorithm>

#include "control/json.h"

namespace mcpctl::control {

TransitionHistory::TransitionHistory(runtime::Feed& feed)
    : subscription_(feed.subscribe([this](const runtime::Transitioned& transition) {
        if (transitions_.size() == capacity) transitions_.pop_front();
        transitions_.push_back(transition);
        newest_ = transition.sequence;
      })) {}

std::vector<runtime::Transitioned> TransitionHistory::after(std::uint64_t sequence) const {
  const auto first =
      std::ranges::upper_bound(transitions_, sequence, {}, &runtime::Transitioned::sequence);
  return {first, transitions_.end()};
}

TransitionFollower::TransitionFollower(runtime::Feed& feed, const TransitionHistory& history,
                                       std::uint64_t from, http::Exchange exchange,
                                       loop::Callback<> on_gone)
    : history_(history),
      sent_(from),
      stream_(std::move(exchange), [this] { catch_up(); }, std::move(on_gone)) {
  // The history subscribed first, so it holds what the feed tells us of.
  subscription_ = feed.subscribe([this](const runtime::Transitioned&) { catch_up(); });
  catch_up();
}

void TransitionFollower::catch_up() {
  if (stream_.is_congested()) return;
  for (const runtime::Transitioned& transition : history_.after(sent_)) {
    if (transition.sequence > sent_ + 1) {
      const auto missed = std::to_string(transition.sequence - sent_ - 1);
      stream_.send("", "skipped", "{\"transitions\":" + missed + "}");
    }
    sent_ = transition.sequence;
    stream_.send(std::to_string(sent_), "transition", to_json(transition));
    if (stream_.is_congested()) return;
  }
}

}  // namespace mcpctl::control
