// A client's request on its way through a Link: what must be known of it to bring
// its answer, its progress and the server's questions back.  Data only.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mcp/envelope.h"
#include "mcp/version.h"
#include "relay/abilities.h"
#include "relay/method.h"
#include "relay/request.h"

namespace mcpctl::relay {

/// A server's question that a client has not answered yet.
struct Ask {
  std::uint64_t id{0};   ///< toward the client
  std::string origin{};  ///< of a legacy server: its raw id; of a modern one: its raw key
  Method method{Method::other};
  std::string question{};  ///< the members "method" and "params", raw; for a modern client
  std::string answer{};    ///< a raw result, once it came; for a modern server
};

/// What only calls need whose client and server are of different eras and talk more
/// than once.
struct Rounds {
  std::vector<Ask> asks;

  // Modern client, legacy server: the call ended with input_required, the request
  // still runs at the server.
  std::string token;  ///< parked under it; empty: not parked
  std::string late;   ///< the server's response that came meanwhile

  // Legacy client, modern server: enough to send the request again.
  Asker asker;
  Request original;
  std::string request_state;  ///< raw; empty: none
  unsigned count{0};          ///< answers so far that wanted more input
};

struct Flight {
  std::uint64_t id{0};  ///< of the request at the server, and its progress token there
  CallId call{};        ///< none while parked
  CallId stream{};      ///< the call that it was sent for, whose stream the server answers on
  DownstreamId downstream{};
  PrincipalId principal{};  ///< whose its task is, and who may go on with it when parked
  Method method{Method::other};
  mcp::Era era{mcp::Era::unknown};  ///< of the client
  bool as_task{false};              ///< the client wants a task, not the result
  bool may_be_task{false};          ///< the client can do with a task as well (modern)
  Abilities abilities{};            ///< known only where a server may ask
  int log_level{-1};
  std::string client_id{};       ///< raw: 1 is not "1"
  std::string progress_token{};  ///< raw; empty: none
  std::string uri{};             ///< of resources/subscribe and unsubscribe
  std::unique_ptr<Rounds> rounds{};

  bool is_parked() const { return rounds && !rounds->token.empty(); }
};

}  // namespace mcpctl::relay
