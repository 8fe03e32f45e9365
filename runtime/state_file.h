// What a supervisor remembers beyond its own life: the leaders it spawned, so that
// the next one can clean up after a crash, and the servers an operator stopped.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spawn/leftovers.h"

namespace mcpctl::runtime {

struct SavedState {
  std::vector<spawn::LeaderRecord> leaders;
  std::set<std::string> stopped;  ///< by an operator; matters to restart "unless-stopped"
};

/// JSON, with a version; UTF-8.
std::string encode(const SavedState& state);

/// Untrusted text in: a damaged file is an Error, never a crash.
Result<SavedState> decode(std::string_view text);

/// The whole of such a file, of at most 16 MiB; nothing if there is none.
Result<std::optional<std::string>> load_text(const std::string& path);

/// A missing file is an empty state.
Result<SavedState> load_state(const std::string& path);

/// Writes a new file beside it, then renames: never half a state.  Blocks; for
/// the threadpool.  An empty path: nothing is to be remembered.
Result<void> save_state(const std::string& path, std::string_view text);

}  // namespace mcpctl::runtime
