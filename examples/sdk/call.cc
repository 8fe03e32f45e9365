#include "sdk/call.h"

#include <utility>

namespace sdk {

ToolResult text_result(std::string text) {
  ToolResult result;
  result.content.push_back({{"type", "text"}, {"text", std::move(text)}});
  return result;
}

ToolResult structured_result(Json object, std::string text) {
  ToolResult result = text_result(std::move(text));
  result.structured = std::move(object);
  return result;
}

ToolResult tool_error(std::string text) {
  ToolResult result = text_result(std::move(text));
  result.is_error = true;
  return result;
}

Call::~Call() {
  if (pending_ != nullptr) answer(tool_error("internal error: the tool gave no answer"));
}

void Call::answer(ToolResult result) {
  if (!std::exchange(pending_->open, false)) return;
  pending_->on_cancel = nullptr;
  // Kept alive here: the answer removes the request from the client's table.
  const std::shared_ptr<Pending> pending = pending_;
  pending->answer(std::move(result));
}

void Call::progress(double done, std::optional<double> total, const std::string& message) {
  if (pending_->open && pending_->progress) pending_->progress(done, total, message);
}

void Call::on_cancel(std::move_only_function<void()> callback) {
  if (pending_->open) pending_->on_cancel = std::move(callback);
}

}  // namespace sdk
