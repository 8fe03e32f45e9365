// One request to all servers together: answered from the catalog when it wants a list,
// handed to the server that has what it names otherwise.  Waits for the lists that it
// needs, but not for long.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/backend.h"
#include "gateway/joint.h"
#include "gateway/joint_client.h"
#include "relay/method.h"
#include "relay/request.h"

namespace mcpctl::gateway {

class JointCall final : public Call, private Waiter, private Joint::Follower {
 public:
  /// Borrows all but the request.
  JointCall(Joint& joint, JointClient& client, relay::Request request, CallSink& sink);
  ~JointCall() override;
  JointCall(const JointCall&) = delete;
  JointCall& operator=(const JointCall&) = delete;

  void cancel(std::string_view raw_reason) override;

 private:
  bool go_on();
  bool knows_where();
  void hand_over();
  void hand_over_task();
  void answer(std::string text);
  void stop_waiting();
  void on_known() noexcept override { go_on(); }
  void waited() noexcept override;

  Joint& joint_;
  JointClient& client_;
  relay::Request request_;
  CallSink& sink_;
  relay::Method method_;
  std::optional<Joint::Place> place_;  ///< while it waits for lists
  std::optional<Patience::Place> patience_;
  std::unique_ptr<Call> handed_over_;
  // Shared with what waits in the loop's inbox, so that it finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::gateway
