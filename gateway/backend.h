// What stands behind the door: the fleet's servers, as a client may see them.  The
// front knows requests, sessions and HTTP, and nothing of processes; whoever
// implements this knows servers, and nothing of HTTP.  Everything runs on the loop's
// thread; texts are one JSON-RPC message each, in the client's era and with its ids.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loop/callback.h"
#include "relay/profile.h"
#include "relay/request.h"

namespace mcpctl::gateway {

/// Hears the answers to one request.  Called from the loop, never from inside
/// Downstream::call(); may destroy the Call, and the Downstream, in it.
class CallSink {
 public:
  /// A notification, or a server's request: ready to send.
  virtual void on_message(std::string_view text) noexcept = 0;
  /// The response, a result or an error.  The last that comes.
  virtual void on_response(std::string text) noexcept = 0;

 protected:
  ~CallSink() = default;
};

/// One request under way.  Destroying it before its response cancels it.
class Call {
 public:
  virtual ~Call() = default;
  /// As destroying, with the client's reason (a raw JSON string; may be empty).  No
  /// response comes any more.
  virtual void cancel(std::string_view raw_reason) = 0;
};

/// Hears what belongs to no call: list_changed, resources/updated, logs.
class DownstreamSink {
 public:
  virtual void on_message(std::string_view text) noexcept = 0;

 protected:
  ~DownstreamSink() = default;
};

/// One client: a legacy session, or a modern one for as long as its request lasts.
/// Must outlive its Calls.
class Downstream {
 public:
  virtual ~Downstream() = default;
  /// Takes any request but initialize, server/discover, ping and logging/setLevel;
  /// always answered through `sink`, at the latest with an error after the server's
  /// timeouts.  `sink` must live until the Call is destroyed.
  virtual std::unique_ptr<Call> call(relay::Request&& request, CallSink& sink) = 0;
  /// roots/list_changed, progress; notifications/cancelled never comes here.
  virtual void notify(relay::Request notification) = 0;
  /// The client's response to a server's request; one that nobody asked for is dropped.
  virtual void answer(relay::Request response) = 0;
  /// logging/setLevel of a legacy client: "debug" … "emergency".
  virtual void set_log_level(std::string_view level) = 0;
};

/// What a server said of itself, or why it cannot be had.
using Described = Result<relay::ServerProfile>;

class Backend {
 public:
  virtual ~Backend() = default;
  /// Whether clients may ask for this server; "" is all of them together.
  virtual bool knows(std::string_view target) const = 0;
  /// Waits for the server (within its queueTimeout), starts a lazy one, or says why it
  /// cannot be had.  `done` is called from the loop, never from inside.
  virtual void describe(std::string_view target, loop::Callback<Described> done) = 0;
  /// Never fails and never waits: its calls do.  Asker::downstream is the backend's to
  /// fill.  `sink` must live as long as the result.
  virtual std::unique_ptr<Downstream> connect(std::string_view target, relay::Asker asker,
                                              DownstreamSink& sink) = 0;
};

}  // namespace mcpctl::gateway
