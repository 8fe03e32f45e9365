#include "gateway/joint_tasks.h"

#include <algorithm>
#include <utility>

#include "relay/lists.h"
#include "relay/message.h"

namespace mcpctl::gateway {

JointTasks::JointTasks(Joint& joint, const std::vector<Holder>& holders,
                       const relay::Request& request, CallSink& sink)
    : joint_(joint), raw_id_(request.envelope.id.in(request.text)), sink_(sink) {
  parts_.reserve(holders.size());  // their fetches know their places
  for (const Holder& holder : holders) {
    Part& part = parts_.emplace_back(Part{.server = holder.member.name});
    part.fetch = std::make_unique<ListFetch>(
        *holder.member.server, holder.client, relay::Listing::tasks,
        [this, &part](Result<ListFetch::Items> items) {
          const auto over = std::move(part.fetch);  // lives until we return
          part.items = std::move(items);
          answer_if_all();
        });
  }
  patience_ = joint_.patience().enter(*this);
  if (!parts_.empty()) return;
  joint_.loop().post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) answer();
  });
}

void JointTasks::cancel(std::string_view /*raw_reason*/) {
  alive_.reset();
  if (patience_) joint_.patience().leave(*std::exchange(patience_, std::nullopt));
  for (Part& part : parts_) part.fetch.reset();
}

void JointTasks::waited() noexcept {
  patience_.reset();
  answer();
}

void JointTasks::answer_if_all() {
  const bool all = std::ranges::all_of(parts_, [](const Part& part) { return !part.fetch; });
  if (all) answer();
}

void JointTasks::answer() {
  ListFetch::Items tasks;
  relay::Missing missing;
  for (Part& part : parts_) {
    if (!part.items) {
      missing.add(part.server, "it has not answered yet");
    } else if (!*part.items) {
      missing.add(part.server, part.items->error().message);
    } else {
      std::ranges::move(**part.items, std::back_inserter(tasks));
    }
  }
  cancel({});
  sink_.on_response(relay::result_message(
      raw_id_, relay::list_result(relay::Listing::tasks, tasks, mcp::Era::legacy, missing.meta())));
}

}  // namespace mcpctl::gateway
