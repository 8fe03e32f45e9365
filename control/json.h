// What the operators' door says, as JSON text: the one place that decides the keys
// of the API (docs/api.md), which scripts depend on.  Pure; values in, text out.
// The output is always valid UTF-8, whatever a server wrote.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/feed.h"
#include "runtime/pings.h"
#include "runtime/server_log.h"
#include "runtime/status.h"
#include "runtime/supervisor.h"

namespace mcpctl::control {

/// What is unknown is null: pid without a process, memory_bytes when `with_usage`
/// is false.  `tools` is an array of names, `why` a text.
std::string to_json(const runtime::ServerStatus& status, bool with_usage);
std::string to_json(const runtime::FleetStatus& status, bool with_usage);

std::string to_json(const runtime::Clients& clients);

/// How `server` answered a ping.
std::string to_json(const runtime::ServerStatus& server, const runtime::Pong& pong);

std::string to_json(const runtime::Transitioned& transition);

/// `text` is the line made valid and, if it held secrets, redacted by the caller.
std::string to_json(std::string_view server, const runtime::Line& line, std::string_view text);

std::string to_json(const supervisor::Plan& plan);
std::string to_json(const config::Problem& problem);
std::string to_json(const runtime::ReloadOutcome& outcome);

/// An array of texts that are JSON already.
std::string array_of(std::span<const std::string> values);

/// `text` as a JSON string, with quotes.
std::string quoted(std::string_view text);

/// "stdout", "stderr", "mcpctl" (the supervisor's own notes).
std::string_view name(runtime::Stream stream);

/// "2026-01-31T13:47:33.042Z".
std::string utc_time(std::int64_t unix_ms);

/// One command's fate, for several servers at once.
struct Commanded {
  std::string server;
  std::string error;  ///< empty: accepted
};
std::string to_json(std::span<const Commanded> outcomes);

/// Problem details of RFC 9457.  Empty members are left out.
struct ProblemDetails {
  int status{500};
  std::string title;
  std::string detail;
  std::string suggestion;  ///< our extension: the way out
};
std::string to_json(const ProblemDetails& problem);

}  // namespace mcpctl::control
