// The command's side of the operators' door: one blocking request after the other,
// each on a connection of its own, each with a deadline.  Needs no loop.
#pragma once
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "http/parser.h"
#include "http/sse.h"
#include "loop/fd.h"

namespace mcpctl::cli {

using Deadline = std::chrono::steady_clock::time_point;

/// From now.
Deadline in(Duration duration);
inline constexpr Deadline never = Deadline::max();

/// A request on its way and its answer as it comes.
class ApiCall {
 public:
  /// `target` is path and query, encoded.  Fails when nobody listens on `socket`.
  static Result<ApiCall> send(const std::string& socket, std::string_view method,
                              std::string_view target);

  /// Waits until the answer's head has come, or all of it.
  Result<void> await_head(Deadline deadline);
  Result<http::Response> await_whole(Deadline deadline);

  /// For event streams, after await_head(): the next event; nothing when the stream
  /// ends or, with `timed_out` set, when the deadline has passed.
  Result<std::optional<http::SseEvent>> next_event(Deadline deadline, bool& timed_out);

  int status() const { return parser_.response().status; }

 private:
  explicit ApiCall(loop::Fd socket);
  /// Reads once into the parser; false at the end of the connection.
  Result<bool> read_more(Deadline deadline);

  static constexpr std::string_view late = "no answer in time";

  loop::Fd socket_;
  http::ResponseParser parser_;
  http::SseParser events_;
  std::deque<http::SseEvent> ready_;
  bool head_{false};
  bool complete_{false};
};

/// The answer's body when the status is 2xx; else the problem it describes, with its
/// suggestion, as an Error.
Result<std::string> call(const std::string& socket, std::string_view method,
                         std::string_view target, Duration patience = Duration{10'000});

/// What a problem+json body says, for people.
std::string problem_text(int status, std::string_view body);

}  // namespace mcpctl::cli
