// The command's side of the clients' door: where a running fleet has it, and one
// modern request after the other, each a POST of its own.  Blocks until the answer or
// the deadline.
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "cli/find_fleet.h"
#include "http/message.h"

namespace mcpctl::cli {

/// "http://127.0.0.1:7420/mcp"; an error when the fleet has no door.
Result<std::string> door_of(const FoundFleet& fleet);

/// Bytes of one answer.
inline constexpr std::uint64_t longest_answer = 64u << 20;

/// Where one server is behind the door.
std::string url_of(const std::string& door, const std::string& server);

/// `plain` as a raw JSON string; what is no UTF-8 in it becomes U+FFFD.
std::string json_string(const std::string& plain);

/// The headers that every request to the door has: the token of $MCPCTL_TOKEN, if set.
http::Headers door_headers();

struct Question {
  std::string url;     ///< of the server, see url_of
  std::string method;  ///< "tools/call"
  std::string name;    ///< of what it is about: a tool's, a resource's URI; may be empty
  std::string params;  ///< a raw JSON object
  Duration timeout{0};
  /// Hears notifications of progress and logs.  May be empty.
  std::function<void(std::string_view)> on_notification{};
};

/// Why a question has no result.
struct NoResult {
  int code{0};  ///< of the JSON-RPC error; 0: there is not even that
  std::string message;
};

/// The raw result.
std::expected<std::string, NoResult> ask(const Question& question);

}  // namespace mcpctl::cli
