// What there is to tell of one request of a client, for the access log and the
// figures.  Nothing a client chose freely becomes a label: unknown methods are "other".
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace mcpctl::gateway {

struct Visit {
  Instant began;
  std::string peer;
  std::string_view verb;  ///< of HTTP; static storage
  std::string server;     ///< "" for all of them
  std::string client;     ///< the name of its token; "" without
  std::string method;     ///< of the message; "" until it is known
  std::string tool;       ///< of tools/call
};

/// Hears the end of each.  `status` is that of HTTP; 499 when the client went first.
class VisitSink {
 public:
  virtual void ended(const Visit& visit, int status) noexcept = 0;

 protected:
  ~VisitSink() = default;
};

/// `method`, if it is one that MCP defines, else "other".
std::string_view known_method(std::string_view method);

/// One line of an access log: key=value, foreign text in quotes where it needs them.
std::string access_line(const Visit& visit, int status, Duration took);

}  // namespace mcpctl::gateway
