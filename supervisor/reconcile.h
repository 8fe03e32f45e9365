// Old configuration × new configuration -> what a reload does.  Every field of
// config::Server stands in one table that says whether its change restarts the
// server, applies to the running one, or means nothing to it; every field of
// config::Gateway in another that says whether the open door can have it.  A test fails
// when a field has no entry.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace mcpctl::supervisor {

enum class Effect {
  none,      ///< nothing to do
  in_place,  ///< the running process keeps running under the new setting
  restart,   ///< only a new process can have it
};

struct Field {
  std::string_view key;  ///< as users write it: "args", "x-mcpctl.backoff"
  Effect effect;
  bool (*differs)(const config::Server&, const config::Server&);
};

std::span<const Field> fields();

/// What a reload does to one server.
struct Change {
  enum class Kind { add, remove, restart, update };
  Kind kind;
  std::string server;
  std::vector<std::string> keys;  ///< changed ones, in table order; restart, update
  /// restart: the old process serves until the new one is ready.  Who has the processes
  /// says so; reconcile() never does.
  bool is_rolling{false};
  friend bool operator==(const Change&, const Change&) = default;
};

/// In the new file's order, removals last.  A server without an effective change
/// has no entry.  One that was unusable and is usable now (or the other way
/// round) restarts with the key "usable".
using Plan = std::vector<Change>;
Plan reconcile(const config::Config& running, const config::Config& wanted);

/// Why there cannot be two processes of it at a time, so that one might replace the other
/// while it serves; empty if there can.
std::string why_not_rolling(const config::Server& server);

std::string_view name(Change::Kind kind);

// ---- the door for clients

enum class DoorEffect {
  in_place,    ///< the open door has it at once
  next_start,  ///< only a new listener can have it
};

struct DoorField {
  std::string_view key;  ///< as users write it, in "gateway"
  DoorEffect effect;
  bool (*differs)(const config::Gateway&, const config::Gateway&);
  void (*copy)(const config::Gateway& from, config::Gateway& to);
};

std::span<const DoorField> door_fields();

/// The keys that changed, in table order.  The last token of a door beyond loopback waits
/// for the next start, as its address does.
struct DoorChange {
  std::vector<std::string> in_place;
  std::vector<std::string> next_start;
  bool empty() const { return in_place.empty() && next_start.empty(); }
  friend bool operator==(const DoorChange&, const DoorChange&) = default;
};
DoorChange reconcile(const config::Gateway& running, const config::Gateway& wanted);

/// `wanted` as far as the open door can have it, and the rest as it runs.
config::Gateway until_next_start(const config::Gateway& running, config::Gateway wanted);

}  // namespace mcpctl::supervisor
