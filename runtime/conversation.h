// The supervisor's own talk with one server on the loop: mcp::Client, its timer,
// and a transport that somebody else provides.  One per incarnation.
#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "loop/loop.h"
#include "loop/timer.h"
#include "mcp/client.h"

namespace mcpctl::runtime {

class Conversation {
 public:
  struct Callbacks {
    /// Carry this message to the server.
    std::function<void(const mcp::Send&)> send;
    /// Everything else the client has to tell.
    std::function<void(const mcp::Output&)> tell;
    /// Whether the server has not taken yet what was sent last.
    std::function<bool()> is_unread;
  };

  Conversation(loop::Loop& loop, mcp::Client::Options options, Callbacks callbacks);

  void begin();
  mcp::Receipt receive(std::string_view message);
  mcp::Receipt receive(const mcp::Envelope& envelope, std::string_view message);
  void refuse(const mcp::Envelope& request, std::string_view message);
  void request_failed(std::uint64_t id, std::string_view why, bool unsent = false);
  bool probe(mcp::Probe probe, Duration timeout);
  void abandon_probe();
  void paused(Duration gap);

  std::uint64_t take_id() { return client_.take_id(); }
  const mcp::Client& client() const { return client_; }

 private:
  void follow_up();

  loop::Loop& loop_;
  Callbacks callbacks_;
  mcp::Client client_;
  loop::Timer timer_;
  bool following_up_{false};
};

}  // namespace mcpctl::runtime
