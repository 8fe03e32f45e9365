#include "runtime/http_transport.h"
namespace mcpctl::runtime {
class HttpTransport::Inner {};
HttpTransport::HttpTransport(loop::Loop&, std::string, config::Variables, Callbacks) {}
HttpTransport::~HttpTransport() = default;
void HttpTransport::send(const mcp::Send&, Duration) {}
void HttpTransport::abandon() {}
}  // namespace mcpctl::runtime
