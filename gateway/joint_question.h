// What all servers together say of themselves, for one client.  The quick ones wait a
// while for the slow, and all of them for the first.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend.h"
#include "gateway/patience.h"
#include "gateway/upstream.h"
#include "loop/callback.h"
#include "loop/loop.h"
#include "relay/lists.h"

namespace mcpctl::gateway {

/// One server of those that are offered together.
struct Member {
  std::string name;
  Upstream* server;
};

class JointQuestion final : private Waiter {
 public:
  /// `info`: our own serverInfo, static storage.  Calls `done` once, from the loop; the question
  /// may be destroyed in it.
  JointQuestion(loop::Loop& loop, Patience& patience, const std::vector<Member>& members,
                std::string_view info, loop::Callback<Described> done);
  ~JointQuestion();
  JointQuestion(const JointQuestion&) = delete;
  JointQuestion& operator=(const JointQuestion&) = delete;

 private:
  void heard(std::size_t member, const Described& described);
  void waited() noexcept override;
  void settle();

  Patience& patience_;
  std::string_view info_;
  loop::Callback<Described> done_;
  std::vector<relay::Offer> offers_;
  std::size_t unheard_{0};
  std::optional<Patience::Place> place_;
  // Shared with what is under way, so that it finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::gateway
