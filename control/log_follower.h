// Sends lines of logs to one client as they come.  What a slow client has not taken
// stays in the servers' own rings, so following costs no memory per line; what the
// rings have forgotten by then is counted and told ("skipped").
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "control/event_stream.h"
#include "control/log_query.h"
#include "runtime/supervisor.h"

namespace mcpctl::control {

class LogFollower final : public Follower {
 public:
  /// Sends what matches so far, then goes on.  Borrows the supervisor.
  LogFollower(runtime::Supervisor& supervisor, LogQuery query, http::Exchange exchange,
              loop::Callback<> on_gone);

 private:
  void send_tail();
  void take(const runtime::NamedBlock& named);
  void catch_up();
  /// The next lines of all servers that were not sent, in order of time.
  std::vector<LogEntry> missed();
  void send(const std::string& server, const runtime::Line& line);

  runtime::Supervisor& supervisor_;
  LogQuery query_;
  std::map<std::string, std::uint64_t, std::less<>> next_;  ///< sequence, per server
  bool is_behind_{false};
  EventStream stream_;
  runtime::Subscription subscription_;
};

}  // namespace mcpctl::control
