// One client's conversation with a Server, in either era: MCP up to 2025-11-25
// (initialize, ping) and 2026-07-28 (server/discover, everything in each request's
// _meta).  Pure: messages in, messages out; transports own it and carry them.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/envelope.h"
#include "sdk/server.h"

namespace sdk {

/// The way back for what one received message causes.
struct Reply {
  /// A notification about the request, before its answer.
  std::move_only_function<void(std::string message)> notify;
  /// Called once at most: never for a cancelled request.  Empty text: taken, nothing to
  /// answer.  `status` is the HTTP status that goes with it (200, 202, 400, 404).
  std::move_only_function<void(std::string message, int status)> answer;
};

class Peer {
 public:
  explicit Peer(Server& server) : server_(server) {}
  /// Closes what is in flight: its tools learn of it, nothing is answered any more.
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// One JSON-RPC message, any bytes.  Replies may come within the call or later.
  void receive(std::string_view message, Reply reply);

  /// True after a legacy initialize.
  bool is_initialized() const { return initialized_; }
  /// The revision agreed on by initialize; empty before.
  std::string_view revision() const { return revision_; }

 private:
  struct Request;
  void on_request(const Request& request, Reply reply);
  bool refuse(const Request& request, Reply& reply);
  void initialize(const Request& request, Reply reply);
  void discover(const Request& request, Reply reply);
  void list_tools(const Request& request, Reply reply);
  void call_tool(const Request& request, Reply reply);
  void cancel(std::string_view raw_id);
  static void close(Call::Pending& pending);

  Server& server_;
  bool initialized_{false};
  std::string_view revision_;  ///< static storage
  /// Calls under way by raw request id.
  std::map<std::string, std::shared_ptr<Call::Pending>, std::less<>> in_flight_;
};

}  // namespace sdk
