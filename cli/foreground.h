// What `mcpctl run` shows on stdout: the lines of all servers and a line for each
// of their transitions, as text or as JSON.  In a steady state it is silent.
#pragma once
#include <string>

#include "cli/line_format.h"
#include "cli/log.h"
#include "cli/output.h"
#include "runtime/supervisor.h"

namespace mcpctl::cli {

class Foreground {
 public:
  /// Borrows both for its lifetime.
  Foreground(runtime::Supervisor& supervisor, Output& output, LogStyle style, bool color);

 private:
  void show(const runtime::NamedLine& named);
  void show(const runtime::Transitioned& transition);
  void explain_failure(const runtime::Transitioned& transition);

  runtime::Supervisor& supervisor_;
  Output& output_;
  LogStyle style_;
  bool color_;
  std::vector<std::string> names_;
  LineFormat format_;
  runtime::Subscription lines_;
  runtime::Subscription transitions_;
};

}  // namespace mcpctl::cli
