// The supervisor's own words to its operator, on stderr: what it does and what went
// wrong, a line each.  What servers write and how they fare is not said here but in
// the foreground view (cli/foreground.h) and through the door.
#pragma once
#include <memory>
#include <string_view>

#include "cli/output.h"

namespace mcpctl::cli {

enum class LogStyle { text, json };

class Log {
 public:
  /// Borrows the output.
  Log(Output& output, LogStyle style, bool color);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// One line each; UTF-8, free of secrets.
  void info(std::string_view message);
  void warning(std::string_view message);
  void error(std::string_view message);

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::cli
