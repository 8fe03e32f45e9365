// The tool arguments of one server that a modern client repeats in Mcp-Param-* headers,
// because the tool's schema asks for it with "x-mcp-header" (MCP 2026-07-28, custom
// headers): checked where clients come in, written where we are the client.  Learns from
// the server's tool lists; nobody can know of such a header before.
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
  /// The Mcp-Param-* headers among these, as they came.
  static relay::Mirrored given(const http::Headers& headers);

  /// `response` is a page of the server's tools, whoever asked for it.
  void learn(std::string_view response);
  /// The tools have changed, or the server is another: what was learnt may be wrong.
  void forget() { *this = {}; }
  /// The last page has been learnt.
  bool is_complete() const { return is_complete_; }

  /// Why the headers of this tools/call do not agree with its arguments.
  std::optional<Refusal> check(const relay::Mirrored& given, const relay::Request& call) const;
  /// The headers for this tools/call of ours, a message as it is sent.
  http::Headers headers(std::string_view call) const;

 private:
  struct Param {
    std::string header;             ///< "Mcp-Param-Region"
    std::vector<std::string> path;  ///< within the arguments
  };

  const std::vector<Param>* params_of(std::string_view call, mcp::Span name) const;
  static void collect(std::string_view schema, std::vector<std::string>& path,
                      std::vector<Param>& into);

  std::map<std::string, std::vector<Param>, std::less<>> tools_;  ///< only those that have some
  bool is_complete_{false};
};

}  // namespace mcpctl::gateway
