// All servers offered as one, at /mcp: their lists merged by a relay::Catalog, every
// request handed to the server that has what it names.  Asks each server for its lists
// as one client more, once somebody wants them, and hears of their changes.  A server
// that is slow or broken only lacks, and clients hear when it comes.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend.h"
#include "gateway/joint_question.h"
#include "gateway/list_fetch.h"
#include "gateway/patience.h"
#include "gateway/upstream.h"
#include "loop/loop.h"
#include "relay/lists.h"
#include "relay/output.h"

namespace mcpctl::gateway {

class Joint {
 public:
  /// `members`: who is offered now, in the order in which they are listed.  They outlive
  /// this, and this outlives its clients.
  Joint(loop::Loop& loop, std::function<std::vector<Member>()> members);
  Joint(const Joint&) = delete;
  Joint& operator=(const Joint&) = delete;

  /// As Backend has them.
  void describe(loop::Callback<Described> done);
  std::unique_ptr<Downstream> connect(relay::Asker asker, DownstreamSink& sink);

  /// The server came or went, or may be another than before; null: it is not offered.
  /// From the loop.
  void look_at(const std::string& name, const Upstream* server);

  // ---- for its clients and their calls

  /// Who is told of what happens to the lists.  Told from the loop; may leave in it, but
  /// must not make anybody else leave.
  class Follower {
   public:
    /// A list that was asked for is known now.
    virtual void on_known() noexcept {}
    /// Clients have seen another list than there is now.
    virtual void on_changed(relay::Heard::What /*what*/) noexcept {}
    /// This server can be asked now: for the first time, or again.
    virtual void on_server(const std::string& /*server*/) noexcept {}

   protected:
    Follower() = default;
    ~Follower() = default;
  };
  using Place = std::list<Follower*>::iterator;
  Place enter(Follower& follower) { return followers_.insert(followers_.end(), &follower); }
  void leave(Place place) noexcept { followers_.erase(place); }

  loop::Loop& loop() { return loop_; }
  Patience& patience() { return patience_; }
  const relay::Catalog& catalog() const { return catalog_; }
  const std::vector<Member>& members() const { return members_; }
  /// Null: it is not offered.
  Upstream* find(std::string_view server) const;

  /// Whether the list is known, of one server or of all.  Asks for what is not.
  bool ensure(relay::Listing listing, std::string_view server);
  bool ensure(relay::Listing listing);
  /// Asks again for what is missing, for whoever wants it next.
  void retry(relay::Listing listing);
  /// What is not known of it counts as missing until it comes.
  void do_without(relay::Listing listing);

 private:
  /// One server as it is asked for its lists.
  struct Part final : DownstreamSink {
    Part(Joint& of, Member member);
    void on_message(std::string_view text) noexcept override;

    Joint& joint;
    Member member;
    std::uint64_t conversation;
    std::unique_ptr<Downstream> client;
    std::array<std::unique_ptr<ListFetch>, relay::listings.size()> fetches;
    std::array<bool, relay::listings.size()> lacks{};  ///< and clients were told so
    std::array<bool, relay::listings.size()> shows{};  ///< something, when it was last listed
  };

  void begin();
  void gather();
  void fetch(Part& part, relay::Listing listing);
  void fetched(Part& part, relay::Listing listing, Result<ListFetch::Items> items);
  void forget(Part& part, relay::Listing listing);
  void take_out(Part& part);
  void tell_changed(relay::Listing listing);
  std::vector<Follower*> followers() const { return {followers_.begin(), followers_.end()}; }

  loop::Loop& loop_;
  std::function<std::vector<Member>()> who_is_offered_;
  Patience patience_;
  bool is_used_{false};
  std::vector<Member> members_;
  relay::Catalog catalog_{{}};
  std::map<std::string, std::unique_ptr<Part>, std::less<>> parts_;
  std::list<Follower*> followers_;
  std::map<std::uint64_t, std::unique_ptr<JointQuestion>> questions_;
  std::uint64_t last_question_{0};
};

}  // namespace mcpctl::gateway
