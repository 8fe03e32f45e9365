// Performs one health check that is no MCP message: a TCP connection, an HTTP GET,
// a command.  At most one at a time; its whole duration is bounded, not each byte,
// and nothing of it is left when it ends or is abandoned.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/config.h"
#include "health/check.h"
#include "loop/loop.h"
#include "runtime/tree_watch.h"

namespace mcpctl::runtime {

/// Where and how to check; the parts that a method does not need stay empty.
struct CheckTarget {
  std::string server;             ///< for messages
  std::string scheme{"http"};     ///< for http_get
  std::string host{"127.0.0.1"};  ///< of an IPv6 literal without brackets
  std::uint16_t port{0};
  std::string path{"/"};
  std::vector<std::string> command;
  std::string cwd;
  std::vector<std::string> env;  ///< "NAME=value", for exec
  std::string cookie;            ///< that env carries, unlike the server's own
  std::optional<config::Identity> identity;
};

class CheckRunner {
 public:
  /// `why` tells of a failure, for the log.
  using Done = std::function<void(bool succeeded, const std::string& why)>;

  CheckRunner(loop::Loop& loop, TreeWatch& trees);
  ~CheckRunner();
  CheckRunner(const CheckRunner&) = delete;
  CheckRunner& operator=(const CheckRunner&) = delete;

  /// `check` is tcp, http_get or exec.  `done` runs once, from the loop, within
  /// `timeout`; http_get succeeds on 200–399, exec on exit code 0.  The command runs
  /// in a session of its own and is killed with everything in it at the end of
  /// `timeout`; its output is read to 4 KiB and otherwise ignored.
  void begin(health::Check check, const CheckTarget& target, Duration timeout, Done done);
  /// Ends it without a report.
  void abandon();

 private:
  class Running;
  loop::Loop& loop_;
  TreeWatch& trees_;
  std::unique_ptr<Running> running_;
};

}  // namespace mcpctl::runtime
