// The socket on which one server speaks sd_notify(3) to us.
#pragma once
#include <functional>
#include <string>

#include "base/result.h"
#include "health/notification.h"
#include "loop/fd.h"
#include "loop/loop.h"
#include "loop/poll.h"

namespace mcpctl::runtime {

class NotifySocket {
 public:
  /// An abstract unix datagram socket, named at random: nothing to clean up, and
  /// reachable whatever the server's user and root are.
  static Result<NotifySocket> open(loop::Loop& loop,
                                   std::function<void(const health::Notification&)> on_message);

  /// From now on messages are heard; what came before waits in the socket until then.
  void listen();

  /// The value for NOTIFY_SOCKET.
  const std::string& address() const { return address_; }

 private:
  NotifySocket(loop::Fd socket, std::string address, loop::Poll watch);

  loop::Fd socket_;
  std::string address_;
  loop::Poll watch_;
};

}  // namespace mcpctl::runtime
