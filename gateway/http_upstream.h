// Our session with one MCP server over Streamable HTTP, spawned or remote: each message
// of a Link a POST, its answers JSON or an event stream; a legacy server's own news on
// a GET.  A legacy server's answer that breaks off is asked for the rest, when it has
// given a place to go on from.  Sends the configured headers and the Host of the
// configured URL, and of what a client sent along its trace alone; follows no redirect.
//
// Made for one incarnation of the server.  A legacy session that the server has
// forgotten is lost as a whole: its owner makes another.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "loop/loop.h"
#include "mcp/client.h"
#include "mcp/envelope.h"
#include "mcp/message.h"
#include "relay/output.h"
#include "runtime/traffic.h"

namespace mcpctl::gateway {

class MirroredParams;

class HttpUpstream {
 public:
  /// Come from the loop, never from inside send(); must not destroy the HttpUpstream.
  struct Callbacks {
    /// Messages may be sent.  Once.
    std::function<void(const mcp::Profile&)> on_open;
    /// No session could be had, or it is forgotten.  Nothing follows.
    std::function<void(const std::string& why)> on_lost;
    /// A message of the server's, on the answer to this call's POST; none: on another.
    std::function<void(std::string_view, const mcp::Envelope&, relay::CallId about)> on_message;
    /// No more messages come for this call: if it has no answer by now, it gets none.
    std::function<void(relay::CallId, runtime::UpstreamError kind, const std::string& why)> on_end;
    /// As on_end, but the connection broke: the server may have died, or be unreachable.
    std::function<void(relay::CallId, const std::string& why)> on_broken;
    /// The same of a request on behalf of no call: its answer, or the rest of it, is lost.
    std::function<void(std::uint64_t id)> on_unanswered;
  };

  /// `profile` is what the supervisor learnt: a modern server needs no session.  `client`:
  /// for which alone this is; nothing: for all.  `mirrored` says which arguments a modern
  /// server wants in headers, and outlives this.
  HttpUpstream(loop::Loop& loop, const config::Server& server, const mcp::Profile& profile,
               const std::optional<mcp::Introduction>& client, const MirroredParams& mirrored,
               Callbacks callbacks);
  ~HttpUpstream();
  HttpUpstream(const HttpUpstream&) = delete;
  HttpUpstream& operator=(const HttpUpstream&) = delete;

  /// Only after on_open.  A cancellation also gives up the POST it is about.
  void send(relay::ToServer message);
  std::uint64_t take_id();

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace mcpctl::gateway
