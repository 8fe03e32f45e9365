// A server on stdio with nobody between: what a call costs without any door.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

namespace mcpctl::bench {

class StdioServer {
 public:
  /// Starts `program`, which answers each line by one.
  explicit StdioServer(std::string program);
  /// Closes its stdin, and waits for its end.
  ~StdioServer();
  StdioServer(const StdioServer&) = delete;
  StdioServer& operator=(const StdioServer&) = delete;

  /// One request, a line, and its whole answer; whether that is a result.
  bool ask(std::string_view line);

 private:
  pid_t process_{-1};
  int requests_{-1};
  int answers_{-1};
};

}  // namespace mcpctl::bench
