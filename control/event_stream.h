// One answer that goes on: server-sent events (WHATWG HTML §9.2) to one client.
// Says when the client reads too slowly; what to do then is the caller's business.
#pragma once
#include <string_view>

#include "http/exchange.h"
#include "loop/callback.h"

namespace mcpctl::control {

class EventStream {
 public:
  /// Begins the answer.  `on_drained` runs when everything sent has been taken;
  /// `on_gone` once, when the client has left.  Neither may destroy the stream at once.
  EventStream(http::Exchange exchange, loop::Callback<> on_drained, loop::Callback<> on_gone);
  /// The orderly end of the answer.
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  void send(std::string_view id, std::string_view type, std::string_view data);
  /// So much waits to be read that nothing more should be sent before on_drained.
  /// Below the server's output cap, which would end the connection.
  bool is_congested() const;

 private:
  void tell_gone();

  http::Exchange exchange_;
  loop::Callback<> on_gone_;
};

/// Whose streams a door keeps until their clients leave.
class Follower {
 public:
  virtual ~Follower() = default;
  Follower() = default;
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
};

}  // namespace mcpctl::control
