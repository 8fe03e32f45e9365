// A client of the clients' door as the network sees it: one request, one connection.
// Blocks for as long as it is told, and belongs to no test: threads may use it.
#pragma once
#include <string>

#include "fleet.h"
#include "text.h"

namespace mcpctl::e2e {

struct Answer {
  int status{0};  ///< 0: none came
  std::string head;
  std::string body;  ///< as it came: JSON, or a stream of events

  std::string field(const std::string& name) const;
};

/// Of loopback; nobody listens there at the moment.
int free_port();
/// Where the clients' door of a running fleet listens.
int port_of(const Fleet& fleet);

/// `fields`: header lines, each with its end.
Answer ask(int port, const std::string& verb, const std::string& path, const std::string& body,
           const std::string& fields, Milliseconds limit = 10'000ms);
Answer post(int port, const std::string& path, const std::string& body,
            const std::string& fields = "");
/// Sends the request and goes away without its answer.
void ask_and_leave(int port, const std::string& path, const std::string& body,
                   const std::string& fields);

/// A legacy client's first request, and the header lines of the session that it opens.
extern const std::string initialize;
std::string open_session(int port, const std::string& path = "/mcp/math");

}  // namespace mcpctl::e2e
