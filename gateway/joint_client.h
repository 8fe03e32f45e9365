// One client of all servers together.  Is a client of each server that it asks, under
// the same name; a legacy session of every one from the start, so that it hears what
// each has to say.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend.h"
#include "gateway/joint.h"
#include "gateway/joint_seat.h"
#include "gateway/joint_tasks.h"
#include "relay/request.h"

namespace mcpctl::gateway {

class JointClient final : public Downstream, private Joint::Follower {
 public:
  JointClient(Joint& joint, relay::Asker asker, DownstreamSink& sink);
  ~JointClient() override;
  JointClient(const JointClient&) = delete;
  JointClient& operator=(const JointClient&) = delete;

  std::unique_ptr<Call> call(relay::Request&& request, CallSink& sink) override;
  void notify(relay::Request notification) override;
  void answer(relay::Request response) override;
  void set_log_level(std::string_view level) override;

  mcp::Era era() const { return asker_.era; }
  bool is_session() const { return asker_.era == mcp::Era::legacy; }
  /// This client at the server, which is offered.
  Downstream& at(const std::string& server);
  /// This client where the task of that name (raw) is, if it can be one of its own; or null.
  Downstream* at_task(std::string_view raw_id);

 private:
  void on_changed(relay::Heard::What what) noexcept override;
  void on_server(const std::string& server) noexcept override;
  std::vector<JointTasks::Holder> task_holders() const;

  Joint& joint_;
  relay::Asker asker_;
  DownstreamSink& sink_;
  std::map<std::string, std::unique_ptr<JointSeat>, std::less<>> seats_;
  Joint::Place place_;
};

}  // namespace mcpctl::gateway
