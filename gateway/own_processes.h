// The processes of a server of which every client session has its own (share:
// "session").  A session's first request opens one; the session's end closes it, and so
// does another session that needs the place, while nothing is asked of it: the session
// stays then, and its next request opens a new one.
//
// Decides who has a process, never how processes live: each is a member of the fleet
// like any other (runtime::Supervisor::open_replica).
#pragma once
#include <list>
#include <memory>
#include <string>

#include "gateway/backend.h"
#include "gateway/numbers.h"
#include "loop/loop.h"
#include "runtime/supervisor.h"

namespace mcpctl::gateway {

class Upstream;

class OwnProcesses {
 public:
  /// Borrows all; `shared`: the server's own process, which outlives this.
  OwnProcesses(loop::Loop& loop, runtime::Supervisor& supervisor, std::string server,
               Numbers& numbers, Upstream& shared);
  ~OwnProcesses();
  OwnProcesses(const OwnProcesses&) = delete;
  OwnProcesses& operator=(const OwnProcesses&) = delete;

  std::unique_ptr<Downstream> connect(relay::Asker asker, DownstreamSink& sink);

 private:
  class Client;
  bool open(Client& client);
  bool make_room();
  void close(Client& client);

  loop::Loop& loop_;
  runtime::Supervisor& supervisor_;
  std::string server_;
  Numbers& numbers_;
  Upstream& shared_;
  std::list<Client*> holders_;  ///< of a process; used least recently first
};

}  // namespace mcpctl::gateway
