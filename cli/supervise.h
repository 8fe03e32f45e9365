// A supervisor's whole life, from the files to the exit status: what runs under the
// warden.
#pragma once
#include <string>
#include <vector>

#include "cli/log.h"

namespace mcpctl::cli {

struct SuperviseOptions {
  std::vector<std::string> files;    ///< empty: the usual places
  std::vector<std::string> only;     ///< empty: every server
  std::vector<std::string> exit_on;  ///< words of --exit-on
  std::string gateway_listen;        ///< overrides the files
  std::string probes_listen;         ///< "HOST:PORT"; empty: none
  bool watch{false};
  LogStyle style{LogStyle::text};
  bool no_color{false};
};

/// Returns when nothing of the fleet is left; the exit status.
int supervise(const SuperviseOptions& options);

}  // namespace mcpctl::cli
