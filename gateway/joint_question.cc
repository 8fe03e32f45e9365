#include "gateway/joint_question.h"

#include <algorithm>
#include <utility>

namespace mcpctl::gateway {

JointQuestion::JointQuestion(loop::Loop& loop, Patience& patience,
                             const std::vector<Member>& members, std::string_view info,
                             loop::Callback<Described> done)
    : patience_(patience),
      info_(info),
      done_(std::move(done)),
      unheard_(members.size()),
      place_(patience.enter(*this)) {
  for (const Member& member : members) {
    const std::size_t index = offers_.size();
    offers_.push_back({.server = member.name});
    member.server->describe([this, index, alive = std::weak_ptr{alive_}](const Described& told) {
      if (!alive.expired()) heard(index, told);
    });
  }
  if (!members.empty()) return;
  loop.post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) settle();
  });
}

JointQuestion::~JointQuestion() {
  if (place_) patience_.leave(*place_);
}

void JointQuestion::heard(std::size_t member, const Described& described) {
  --unheard_;
  if (described) {
    offers_[member].profile = *described;
  } else {
    offers_[member].why = described.error().message;
  }
  settle();
}

void JointQuestion::waited() noexcept {
  place_.reset();
  settle();
}

void JointQuestion::settle() {
  if (!done_) return;
  const bool any = std::ranges::any_of(
      offers_, [](const relay::Offer& offer) { return offer.profile.has_value(); });
  const bool is_patient = place_.has_value() || !any;
  if (unheard_ > 0 && is_patient) return;
  auto done = std::exchange(done_, nullptr);
  if (any || offers_.empty()) {
    done(relay::joint_profile(offers_, info_));
  } else {
    done(failure("no server can be had; the first: " + offers_.front().why));
  }
}

}  // namespace mcpctl::gateway
