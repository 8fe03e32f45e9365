// Which lines of which servers' logs somebody wants, and what memory holds of them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "runtime/supervisor.h"

namespace mcpctl::control {

/// At most so many lines and bytes of text in one answer, the newest ones.
inline constexpr std::size_t most_lines = 10'000;
inline constexpr std::size_t most_bytes = 8u << 20;

struct LogQuery {
  std::vector<std::string> servers;  ///< empty: all
  std::size_t tail{100};             ///< the last so many that match
  std::int64_t since_ms{0};          ///< unix time; earlier lines are left out
  /// Text that a line must contain, as it is: a regular expression of a client could
  /// keep the loop busy for ever.
  std::string grep;

  bool wants(std::string_view server) const;
  bool matches(const runtime::Line& line) const;
};

/// From ?server= &tail= (a number or "all") &since_ms= &grep=.
Result<LogQuery> log_query(const http::Request& request);

struct LogEntry {
  std::string server;
  runtime::Line line;
};

/// Merges the lines of several servers, which stand one server after the other, by
/// time.  Each server's own lines keep their order, whatever the wall clock did.
std::vector<LogEntry> merged(std::vector<LogEntry> entries);

/// Oldest first; lines of several servers in the order of their times.
std::vector<LogEntry> matching_lines(runtime::Supervisor& supervisor, const LogQuery& query);

/// The line as JSON, its text valid UTF-8 and without the configured secrets.
std::string to_json(const runtime::Supervisor& supervisor, std::string_view server,
                    const runtime::Line& line);

}  // namespace mcpctl::control
