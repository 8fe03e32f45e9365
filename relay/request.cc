#include "relay/request.h"

#include <utility>

namespace mcpctl::relay {

std::expected<Request, mcp::Malformed> read_request(std::string text) {
  auto envelope = mcp::scan(text);
  if (!envelope) return std::unexpected{envelope.error()};
  return std::expected<Request, mcp::Malformed>{std::in_place, std::move(text), *envelope};
}

}  // namespace mcpctl::relay
