#include "gateway/joint.h"

#include <algorithm>
#include <utility>

#include "gateway/joint_client.h"
#include "mcp/envelope.h"
#include "mcp/version.h"
#include "relay/method.h"

namespace mcpctl::gateway {
namespace {

using relay::Listing;

/// The quick servers wait so long for the slow ones.
constexpr Duration for_the_slow{5'000};
constexpr std::string_view our_info = R"({"name":"mcpctl","version":")" MCPCTL_VERSION R"("})";

constexpr std::size_t index(Listing listing) { return static_cast<std::size_t>(listing); }

relay::Heard::What change_of(Listing listing) {
  switch (listing) {
    case Listing::tools: return relay::Heard::What::tools_changed;
    case Listing::prompts: return relay::Heard::What::prompts_changed;
    case Listing::resources:
    case Listing::resource_templates:
    case Listing::tasks: break;
  }
  return relay::Heard::What::resources_changed;
}

}  // namespace

Joint::Joint(loop::Loop& loop, std::function<std::vector<Member>()> members)
    : loop_(loop), who_is_offered_(std::move(members)), patience_(loop, for_the_slow) {}

// ---- clients

void Joint::describe(loop::Callback<Described> done) {
  begin();
  const std::uint64_t serial = ++last_question_;
  questions_.emplace(serial,
                     std::make_unique<JointQuestion>(
                         loop_, patience_, members_, our_info,
                         [this, serial, done = std::move(done)](Described described) mutable {
                           const auto over = questions_.extract(serial);  // lives until we return
                           done(std::move(described));
                         }));
}

std::unique_ptr<Downstream> Joint::connect(relay::Asker asker, DownstreamSink& sink) {
  begin();
  return std::make_unique<JointClient>(*this, std::move(asker), sink);
}

// ---- the servers

/// Before anybody wants it, no server is bothered.
void Joint::begin() {
  if (!std::exchange(is_used_, true)) gather();
}

void Joint::gather() {
  members_ = who_is_offered_();
  std::vector<relay::Catalog::Member> listed;
  for (const Member& member : members_) {
    listed.push_back({.server = member.name});  // its Upstream hides what is to be hidden
    auto& part = parts_[member.name];
    if (!part) part = std::make_unique<Part>(*this, member);
  }
  std::erase_if(parts_, [this](const auto& part) { return find(part.first) == nullptr; });
  for (const auto& [name, part] : parts_) part->lacks.fill(false);
  catalog_ = relay::Catalog{std::move(listed)};
}

Upstream* Joint::find(std::string_view server) const {
  const auto found = std::ranges::find(members_, server, &Member::name);
  return found == members_.end() ? nullptr : found->server;
}

void Joint::look_at(const std::string& name, const Upstream* server) {
  if (!is_used_) return;
  const bool was_member = parts_.contains(name);
  if (was_member != (server != nullptr)) {
    gather();
    for (const Listing listing : relay::listings) tell_changed(listing);
  }
  if (server == nullptr) return;
  Part& part = *parts_.at(name);
  if (server->is_gone()) return take_out(part);
  if (was_member && part.conversation == server->conversation()) return;
  part.conversation = server->conversation();
  for (const Listing listing : relay::listings) forget(part, listing);
  for (Follower* follower : followers()) follower->on_server(name);
}

// ---- their lists

Joint::Part::Part(Joint& of, Member who)
    : joint(of), member(std::move(who)), conversation(member.server->conversation()) {
  relay::Asker asker;
  asker.era = mcp::Era::legacy;  // so that it hears of changes without asking
  asker.revision = mcp::newest_legacy;
  asker.info = our_info;
  client = member.server->join(std::move(asker), *this);
}

void Joint::Part::on_message(std::string_view text) noexcept {
  const auto envelope = mcp::scan(text);
  if (!envelope) return;
  switch (relay::method_of(envelope->method.in(text))) {
    case relay::Method::tools_changed: return joint.forget(*this, Listing::tools);
    case relay::Method::prompts_changed: return joint.forget(*this, Listing::prompts);
    case relay::Method::resources_changed:
      joint.forget(*this, Listing::resources);
      return joint.forget(*this, Listing::resource_templates);
    default: return;
  }
}

bool Joint::ensure(Listing listing, std::string_view server) {
  const auto found = parts_.find(server);
  if (found == parts_.end()) return true;
  Part& part = *found->second;
  const bool is_known = catalog_.is_known(server, listing);
  if (!is_known && !part.fetches[index(listing)]) fetch(part, listing);
  return is_known;
}

bool Joint::ensure(Listing listing) {
  bool all = true;
  for (const Member& member : members_) all = ensure(listing, member.name) && all;
  return all;
}

void Joint::retry(Listing listing) {
  for (const auto& [name, part] : parts_) {
    if (part->lacks[index(listing)] && !part->fetches[index(listing)]) fetch(*part, listing);
  }
}

void Joint::fetch(Part& part, Listing listing) {
  part.fetches[index(listing)] = std::make_unique<ListFetch>(
      *part.member.server, *part.client, listing,
      [this, &part, listing](Result<ListFetch::Items> items) {
        const auto over = std::move(part.fetches[index(listing)]);  // lives until we return
        fetched(part, listing, std::move(items));
      });
}

void Joint::fetched(Part& part, Listing listing, Result<ListFetch::Items> items) {
  const std::string& name = part.member.name;
  bool& lacks = part.lacks[index(listing)];
  if (items) {
    part.shows[index(listing)] = !items->empty();
    catalog_.set(name, listing, std::move(*items));
    if (std::exchange(lacks, false)) tell_changed(listing);
  } else {
    catalog_.set_missing(name, listing, items.error().message);
    part.shows[index(listing)] = false;
    lacks = true;
  }
  for (Follower* follower : followers()) follower->on_known();
}

void Joint::do_without(Listing listing) {
  for (const auto& [name, part] : parts_) {
    if (catalog_.is_known(name, listing)) continue;
    catalog_.set_missing(name, listing, "it has not answered yet");
    part->lacks[index(listing)] = true;
  }
}

/// Whoever wants it next asks again; a fetch that is under way begins anew.
void Joint::forget(Part& part, Listing listing) {
  const bool is_lacking = std::exchange(part.lacks[index(listing)], false);
  catalog_.forget(part.member.name, listing);
  if (part.fetches[index(listing)]) fetch(part, listing);
  if (is_lacking) tell_changed(listing);
}

/// What nobody can call is not offered.
void Joint::take_out(Part& part) {
  for (const Listing listing : relay::listings) {
    if (!std::exchange(part.shows[index(listing)], false)) continue;
    catalog_.forget(part.member.name, listing);
    tell_changed(listing);
  }
}

void Joint::tell_changed(Listing listing) {
  for (Follower* follower : followers()) follower->on_changed(change_of(listing));
}

}  // namespace mcpctl::gateway
