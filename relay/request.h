// What a client sends, and who sends it.  The model is the modern one: a request
// that carries its client's revision, capabilities and log level with itself; a
// legacy session is an Asker that is remembered.
#pragma once
#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/envelope.h"
#include "mcp/version.h"

namespace mcpctl::relay {

/// One request of one client, from its arrival to its last answer.  Allocated by
/// the shell, never reused.  0: none.
struct CallId {
  std::uint64_t value{0};
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(const CallId&, const CallId&) = default;
};

/// One legacy session, or one modern client for as long as it lasts.  What belongs
/// to one is never seen by another.  Allocated by the shell, never reused.  0: none.
struct DownstreamId {
  std::uint64_t value{0};
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(const DownstreamId&, const DownstreamId&) = default;
};

/// In whose name clients come: what outlives a modern client's one request.  Given by the
/// shell, never to another.  0: names are not asked for, and all clients are one's.
struct PrincipalId {
  std::uint64_t value{0};
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(const PrincipalId&, const PrincipalId&) = default;
};

/// Headers, by name.
using Mirrored = std::vector<std::pair<std::string, std::string>>;

/// Who asks.
struct Asker {
  DownstreamId downstream{};
  PrincipalId principal{};
  mcp::Era era{mcp::Era::modern};
  std::string_view revision{};  ///< static storage
  std::string info{};           ///< clientInfo, raw JSON; may be empty
  std::string capabilities{};   ///< raw JSON object; empty: none
  std::string log_level{};      ///< "": a modern client wants none, a legacy one never said
  /// What a modern client repeats of its call's arguments in headers (Mcp-Param-*), by name.
  Mirrored mirrored{};
};

/// One message of a client: the bytes as they came and where things stand in them.
struct Request {
  std::string text;
  mcp::Envelope envelope;
  /// The headers that it came with and that go on to a server over HTTP: W3C Trace Context
  /// and Baggage.
  Mirrored trace{};
};

/// Scans `text`; the kind of the message is the caller's to check.
std::expected<Request, mcp::Malformed> read_request(std::string text);

/// Our own error codes toward clients.  MCP reserves -32020 … -32099, and -32002 is
/// a legacy server's "resource not found".
namespace error_code {
inline constexpr int server_gone = -32000;  ///< it crashed, stopped or never came
inline constexpr int timed_out = -32001;    ///< as the reference SDKs call it
inline constexpr int overloaded = -32003;   ///< a queue or a cap is full
inline constexpr int declined = -32004;     ///< to a server: nobody can answer its request
}  // namespace error_code

}  // namespace mcpctl::relay
