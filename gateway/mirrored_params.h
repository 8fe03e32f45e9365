// The tool arguments that a modern client repeats in Mcp-Param-* headers, because
// the tool's schema asks for it with "x-mcp-header" (MCP 2026-07-28, custom headers):
// checked where clients come in, written where we are the client.  Learns from the tool
// lists that pass by; nobody can know of such a header before.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/classify.h"

namespace mcpctl::gateway {

class MirroredParams {
 public:
  /// `response` answers tools/list of this server, to whomever.
  void learn(std::string_view server, std::string_view response);
  /// Its tools have changed, so that what was learnt may be wrong.
  void forget(std::string_view server);

  /// Why the headers of this tools/call do not agree with its arguments.
  std::optional<Refusal> check(std::string_view server, const http::Headers& headers,
                               const relay::Request& call) const;
  /// The headers for this tools/call of ours, a message as it is sent.
  http::Headers headers(std::string_view server, std::string_view call) const;

 private:
  struct Param {
    std::string header;             ///< "Mcp-Param-Region"
    std::vector<std::string> path;  ///< within the arguments
  };
  using Tools = std::map<std::string, std::vector<Param>, std::less<>>;

  const std::vector<Param>* params_of(std::string_view server, std::string_view call,
                                      mcp::Span name) const;
  static void collect(std::string_view schema, std::vector<std::string>& path,
                      std::vector<Param>& into);

  std::map<std::string, Tools, std::less<>> servers_;  ///< only tools that have some
};

}  // namespace mcpctl::gateway
