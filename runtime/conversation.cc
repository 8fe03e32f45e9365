#include "runtime/conversation.h"

#include <utility>
#include <variant>
#include <vector>

namespace mcpctl::runtime {

Conversation::Conversation(loop::Loop& loop, mcp::Client::Options options, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)), client_(options), timer_(loop) {}

void Conversation::begin() {
  client_.begin(loop_.now());
  follow_up();
}

mcp::Receipt Conversation::receive(std::string_view message) {
  const mcp::Receipt receipt = client_.receive(message, loop_.now());
  follow_up();
  return receipt;
}

mcp::Receipt Conversation::receive(const mcp::Envelope& envelope, std::string_view message) {
  const mcp::Receipt receipt = client_.receive(envelope, message, loop_.now());
  follow_up();
  return receipt;
}

void Conversation::refuse(const mcp::Envelope& request, std::string_view message) {
  client_.refuse(request, message);
  follow_up();
}

void Conversation::request_failed(std::uint64_t id, std::string_view why, bool unsent) {
  client_.request_failed(id, why, loop_.now(), unsent);
  follow_up();
}

bool Conversation::probe(mcp::Probe probe, Duration timeout) {
  const bool sent = client_.probe(probe, timeout, loop_.now());
  follow_up();
  return sent;
}

void Conversation::abandon_probe() {
  client_.abandon_probe();
  follow_up();
}

void Conversation::paused(Duration gap) {
  client_.paused(gap);
  follow_up();
}

/// A callback may call back into the conversation: what that brings about is
/// taken up by the outermost round.
void Conversation::follow_up() {
  if (std::exchange(following_up_, true)) return;
  while (client_.has_outputs()) {
    for (const mcp::Output& output : client_.take_outputs()) {
      if (const auto* send = std::get_if<mcp::Send>(&output)) {
        callbacks_.send(*send);
      } else {
        callbacks_.tell(output);
      }
    }
  }
  following_up_ = false;
  const auto deadline = client_.next_deadline();
  if (!deadline) return timer_.disarm();
  if (timer_.deadline() == deadline) return;
  timer_.arm(*deadline, [this] {
    client_.poll(loop_.now(), callbacks_.is_unread());
    follow_up();
  });
}

}  // namespace mcpctl::runtime
