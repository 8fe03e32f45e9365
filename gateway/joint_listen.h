// A modern client's subscriptions/listen to all servers together: one listen at each of
// them, acknowledged once for all.  That lists have changed is heard whenever a server
// says so, comes or goes; of resources and tasks, what their servers grant.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/backend.h"
#include "gateway/joint.h"
#include "gateway/joint_client.h"
#include "relay/interests.h"
#include "relay/request.h"

namespace mcpctl::gateway {

class JointListen final : public Call, private Waiter, private Joint::Follower {
 public:
  /// Borrows all but the request.
  JointListen(Joint& joint, JointClient& client, relay::Request request, CallSink& sink);
  ~JointListen() override;
  JointListen(const JointListen&) = delete;
  JointListen& operator=(const JointListen&) = delete;

  void cancel(std::string_view raw_reason) override;

 private:
  /// The listen at one server.  Over when that has ended it: it begins anew when the
  /// server comes back.
  struct Part final : CallSink {
    explicit Part(JointListen& part_of) : of(part_of) {}
    void on_message(std::string_view text) noexcept override;
    void on_response(std::string text) noexcept override;
    JointListen& of;
    std::unique_ptr<Call> call;
    bool is_settled{false};
  };

  bool knows_where();
  void begin();
  void listen_at(const std::string& server);
  relay::Wanted wanted_of(const std::string& server) const;
  void acknowledge_if_settled();
  void acknowledge();
  void tell(std::string_view text);
  void on_known() noexcept override;
  void on_changed(relay::Heard::What what) noexcept override;
  void on_server(const std::string& server) noexcept override;
  void waited() noexcept override;

  Joint& joint_;
  JointClient& client_;
  relay::Request request_;
  CallSink& sink_;
  relay::Wanted wanted_;
  relay::Wanted granted_;
  std::map<std::string, std::unique_ptr<Part>, std::less<>> parts_;
  bool has_begun_{false};
  bool is_acknowledged_{false};
  std::optional<Joint::Place> place_;
  std::optional<Patience::Place> patience_;
  // Shared with a callback that goes on, so that it finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::gateway
