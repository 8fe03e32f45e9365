// What became of a command: waits, event by event, until each server has arrived
// where it was meant to go, or will not.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/api_client.h"
#include "cli/fleet_view.h"

namespace mcpctl::cli {

/// Where servers are meant to arrive.
enum class Destination {
  ready,      ///< ready, or completed, or idle by design
  stopped,    ///< no process left, and none wanted
  restarted,  ///< ready in a later incarnation than before
  killed,     ///< the process that lived before is gone
  replaced,   ///< no new process is on its way: it serves, or was given up
  completed,  ///< exited as it was meant to
  failed,     ///< gave up
};

enum class Verdict { pending, arrived, lost };

/// Pure: `before` is the incarnation when the command was given.  `patient` waits out
/// a backoff; otherwise the first failed start is the verdict.
Verdict judge(const ServerView& server, Destination destination, std::uint32_t before,
              bool patient);

struct Journey {
  /// Empty: all that are required; to be replaced, all.
  std::vector<std::string> servers;
  Destination destination{Destination::ready};
  std::map<std::string, std::uint32_t> before;  ///< incarnations
  bool patient{false};
};

struct Arrival {
  std::vector<ServerView> lost;
  std::vector<ServerView> pending;  ///< at the deadline
  std::size_t arrived{0};
  bool ok() const { return lost.empty() && pending.empty(); }
};

/// Follows the fleet's events.  `events` must have begun before the command was given,
/// so that no transition can be missed.
Result<Arrival> await(const std::string& socket, ApiCall& events, const Journey& journey,
                      Deadline deadline);

/// Subscribes; the stream has begun when this returns.
Result<ApiCall> follow_events(const std::string& socket);

/// For those who did not arrive: a line each, with the last stderr lines.
std::string explain(const Arrival& arrival, std::string_view verb);

}  // namespace mcpctl::cli
