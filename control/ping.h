// One operator's question whether a server answers: waits until the server can be asked
// (a lazy one is started for it, as for a client's call), asks, and answers with the round
// trip, or with why there is none.  Judges nobody.
#pragma once
#include <memory>
#include <string>

#include "control/event_stream.h"
#include "http/exchange.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "runtime/supervisor.h"

namespace mcpctl::control {

class Ping final : public Follower {
 public:
  /// `timeout` is for all of it.  Borrows the supervisor.  `on_gone` runs once, when there
  /// is an answer or nobody wants one any more; it must not destroy this at once.
  Ping(loop::Loop& loop, runtime::Supervisor& supervisor, std::string server, Duration timeout,
       http::Exchange exchange, loop::Callback<> on_gone);

 private:
  void look();
  void ask();
  void answered(const Result<runtime::Pong>& pong);
  void late();
  void refuse(int status, std::string why, std::string way_out = {});
  void end(const http::Response& response);

  loop::Loop& loop_;
  runtime::Supervisor& supervisor_;
  std::string server_;
  Duration timeout_;
  Instant until_;
  bool asked_{false};  ///< the process that runs now
  http::Exchange exchange_;
  loop::Callback<> on_gone_;
  loop::Timer deadline_;
  runtime::Subscription transitions_;
  // Shared with what the server is asked, so that its answer finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::control
