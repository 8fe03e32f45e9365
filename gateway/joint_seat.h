// One client of all servers together as a client of one of them.  Passes everything on;
// the server's tasks have names of their own on the client's side (relay::TaskNames).
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/backend.h"
#include "gateway/joint_question.h"
#include "relay/request.h"
#include "relay/task_names.h"

namespace mcpctl::gateway {

class JointSeat final : public Downstream, private DownstreamSink {
 public:
  /// Borrows the server and the sink.
  JointSeat(const Member& at, relay::Asker asker, DownstreamSink& sink);
  JointSeat(const JointSeat&) = delete;
  JointSeat& operator=(const JointSeat&) = delete;

  std::unique_ptr<Call> call(relay::Request&& request, CallSink& sink) override;
  void notify(relay::Request notification) override;
  void answer(relay::Request response) override;
  void set_log_level(std::string_view level) override { client_->set_log_level(level); }

  /// This client has asked the server for a task; a modern one could be given one.
  bool has_tasks() const { return has_tasks_; }
  /// The task that the client calls `id` can only be one of these.
  bool may_have(std::string_view id) const { return has_tasks_ && names_.is_one(id); }

 private:
  class Passage;
  void on_message(std::string_view text) noexcept override;
  relay::Request to_server(relay::Request message) const;

  mcp::Era era_;
  relay::TaskNames names_;
  DownstreamSink& sink_;
  bool has_tasks_;
  std::unique_ptr<Downstream> client_;
};

}  // namespace mcpctl::gateway
