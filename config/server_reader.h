// One entry of "mcpServers": the keys that every host knows, and ours, into a Draft.
#pragma once
#include <string>
#include <vector>

#include "config/keys.h"
#include "config/values.h"

namespace mcpctl::config {

/// One entry as it stands in a file.  Borrows the parsed file.
struct Entry {
  const Member* member{nullptr};
  const SourceText* source{nullptr};
  const Scope* scope{nullptr};
};

struct ServerReading {
  Draft draft;
  bool disabled{false};
  std::vector<std::string> missing;  ///< why it cannot run; empty: it can
};

/// Reads `entry` over a copy of `defaults`.  A disabled server is not looked at
/// any closer: what it needs may rightly be absent.
ServerReading read_server(const Entry& entry, const Draft& defaults, Report& report,
                          SecretStore& secrets);

/// Keys of a server outside "x-mcpctl" that we read.
const std::vector<std::string_view>& host_keys();

}  // namespace mcpctl::config
