// What a Link, and the Interests of a server's clients, want done.  Data only.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "relay/request.h"

namespace mcpctl::relay {

/// What a server over HTTP is told in headers.
struct InHeaders {
  std::string method{}, name{};  ///< the values of Mcp-Method and Mcp-Name
  Mirrored mirrored{};           ///< the client's own Mcp-Param-* headers
  Mirrored trace{};              ///< Request::trace
};

/// Send to the server, as one message.
struct ToServer {
  std::string text{};
  std::uint64_t id{0};                   ///< of a request; 0: nothing will be answered
  CallId call{};                         ///< on whose behalf; none: the Link's own
  std::unique_ptr<InHeaders> headers{};  ///< only for HTTP (Link::Options::for_http)
};

/// Send to a client: in its era, with its ids, ready to go.
struct ToClient {
  DownstreamId downstream{};
  CallId call{};  ///< on that call's stream; none: belongs to no call of this client
  std::string text{};
  bool is_last{false};    ///< the call's response; nothing follows
  bool is_error{false};   ///< that one
  std::uint64_t asks{0};  ///< id of the server's request in it; see Link::answer
};

/// Belongs to no call.  Interests::deliver says who hears it, and how.
struct Heard {
  enum class What : unsigned char {
    tools_changed,
    prompts_changed,
    resources_changed,
    resource_updated,
    task_changed
  };
  What what{What::tools_changed};
  std::string text{};     ///< the server's notification; empty: to be written anew
  std::string subject{};  ///< the resource's URI, or the task's id
};

/// For a while nobody heard the server's news: what it lists may have changed, and
/// Link::follow() asks to hear them again.
struct Missed {};

using Output = std::variant<ToServer, ToClient, Heard, Missed>;

}  // namespace mcpctl::relay
