// A fleet in the background: what `mcpctl up` starts, and `connect --up` where none runs.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace mcpctl::cli {

class Background {
 public:
  /// The fleet of this name, running or not.  Makes the runtime folder if it is missing.
  static Result<Background> fleet(const std::string& name);

  const std::string& socket() const { return socket_; }
  /// What the supervisor said since its last start.
  const std::string& log() const { return log_; }

  /// Whether its operators' door answers; looks again for so long.
  bool answers(Duration patience = {}) const;

  /// `mcpctl run` of these files, in a session of its own and without a terminal.
  /// Returns when the door answers, or with the supervisor's own words if it does not.
  Result<pid_t> start(const std::vector<std::string>& files) const;

 private:
  Background(std::string socket, std::string log)
      : socket_(std::move(socket)), log_(std::move(log)) {}

  std::string socket_;
  std::string log_;
};

}  // namespace mcpctl::cli
