#include "gateway/joint_seat.h"

#include <utility>

#include "gateway/upstream.h"
#include "relay/method.h"
#include "relay/task_extension.h"

namespace mcpctl::gateway {

using relay::TaskAnswer;

/// One request at the server, whose tasks are renamed on the way back.
class JointSeat::Passage final : public Call, private CallSink {
 public:
  Passage(JointSeat& seat, relay::Request request, CallSink& sink)
      : seat_(seat), sink_(sink), answer_(relay::task_answer_to(request, seat.era_)) {
    if (answer_ == TaskAnswer::created) seat.has_tasks_ = true;
    call_ = seat.client_->call(seat.to_server(std::move(request)), *this);
  }

  void cancel(std::string_view raw_reason) override { call_->cancel(raw_reason); }

 private:
  void on_message(std::string_view text) noexcept override {
    if (!seat_.has_tasks_) return sink_.on_message(text);
    sink_.on_message(seat_.names_.to_client(text, TaskAnswer::nothing));
  }
  void on_response(std::string text) noexcept override {
    if (!seat_.has_tasks_) return sink_.on_response(std::move(text));
    sink_.on_response(seat_.names_.to_client(text, answer_));
  }

  JointSeat& seat_;
  CallSink& sink_;
  TaskAnswer answer_;
  std::unique_ptr<Call> call_;
};

JointSeat::JointSeat(const Member& at, relay::Asker asker, DownstreamSink& sink)
    : era_(asker.era),
      names_(at.name),
      sink_(sink),
      has_tasks_(era_ == mcp::Era::modern && relay::knows_task_extension(asker.capabilities)),
      client_(at.server->connect(std::move(asker), *this)) {}

std::unique_ptr<Call> JointSeat::call(relay::Request&& request, CallSink& sink) {
  return std::make_unique<Passage>(*this, std::move(request), sink);
}

void JointSeat::notify(relay::Request notification) {
  client_->notify(to_server(std::move(notification)));
}

void JointSeat::answer(relay::Request response) { client_->answer(to_server(std::move(response))); }

void JointSeat::on_message(std::string_view text) noexcept {
  if (!has_tasks_) return sink_.on_message(text);
  sink_.on_message(names_.to_client(text, TaskAnswer::nothing));
}

relay::Request JointSeat::to_server(relay::Request message) const {
  if (!has_tasks_) return message;
  const bool is_call =
      relay::method_of(message.envelope.method.in(message.text)) == relay::Method::tools_call;
  if (era_ == mcp::Era::modern && is_call) return message;
  auto renamed = relay::read_request(names_.to_server(message.text));
  if (!renamed) return message;
  renamed->trace = std::move(message.trace);
  return std::move(*renamed);
}

}  // namespace mcpctl::gateway
