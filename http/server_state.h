// What a Server and its sessions share.  For http/ only.
#pragma once
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/answer_head.h"
#include "http/server.h"
#include "loop/listener.h"
#include "loop/timer.h"

namespace mcpctl::http {

class Session;

struct Server::State {
  State(loop::Loop& owner, Handler handle, ServerOptions settings);
  ~State();

  loop::Loop& loop;
  Handler handler;
  ServerOptions options;
  std::vector<loop::Listener> listeners;
  std::list<std::unique_ptr<Session>> sessions;
  std::unordered_map<std::string, std::size_t> peers;  // connections; empty without a cap
  loop::Timer sweep;  // armed only while some session has a deadline
  loop::Timer drain_deadline;
  loop::Callback<> drained;
  loop::Callback<std::string_view> on_drop;
  loop::Callback<Error> on_trouble;
  std::vector<Session*> unflushed;  // with answers of this turn
  std::vector<Session*> flushing;   // by flush_all() only
  AnswerHead head;                  // of the answer that is being sent
  std::uint64_t requests{0};
  bool draining{false};
  bool dropped{false};  // the Server is gone; only running callbacks keep this

  loop::Listener::Callbacks listener_callbacks(int door);
  void accept(loop::Fd socket, int door);
  /// Takes the session out and frees it once the current callbacks have returned.
  void retire(Session& session);
  /// Makes sure that `deadline` is looked at, at the latest a sweep interval later.
  void watch_deadline(Instant deadline);
  void run_sweep();
  /// Later in this turn.  A client that sleeps is woken by its answer, which takes the
  /// kernel longer than to send the other clients' while it wakes.
  void flush_soon(Session& session);
  void flush_all();
};

}  // namespace mcpctl::http
